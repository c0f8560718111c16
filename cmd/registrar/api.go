package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/service"
)

func apiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "api",
		Short: "Serve the HTTP API",
		Long:  "Serve the HTTP API until SIGTERM. Then report not ready, finish the requests in progress, and exit.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			logger := service.Logger(c.Log, os.Stderr)
			slog.SetDefault(logger)
			return service.RunAPI(cmd.Context(), c, logger)
		},
	}
}

func joined(queues []string) string { return strings.Join(queues, ",") }
