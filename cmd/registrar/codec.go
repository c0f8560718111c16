package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/service"
)

func codecCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "codec",
		Short: "Serve the codec endpoint, with which Web UI, tctl and temporal decode payloads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			logger := service.Logger(c.Log, os.Stderr)
			slog.SetDefault(logger)
			return service.RunCodec(cmd.Context(), c, logger)
		},
	}
}
