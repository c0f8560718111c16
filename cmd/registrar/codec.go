package main

import (
	"os"

	"github.com/spf13/cobra"

	"registrar/internal/wiring"
)

func codecCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "codec",
		Short: "Serve the codec endpoint, with which Web UI, tctl and temporal decode payloads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), os.Environ(), wiring.RunCodec)
		},
	}
}
