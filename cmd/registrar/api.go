package main

import (
	"os"

	"github.com/spf13/cobra"

	"registrar/internal/wiring"
)

func apiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "api",
		Short: "Serve the HTTP API",
		Long:  "Serve the HTTP API until SIGTERM. Then report not ready, finish the requests in progress, and exit.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), os.Environ(), wiring.RunAPI)
		},
	}
}
