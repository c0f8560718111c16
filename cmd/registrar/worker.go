package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/wiring"
)

func workerCommand() *cobra.Command {
	var queues []string
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run workflows and activities",
		Long:  "Run workflows and activities of the task queues in --queues or WORKER_QUEUES until SIGTERM.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			environ := os.Environ()
			if len(queues) > 0 {
				environ = append(environ, "WORKER_QUEUES="+strings.Join(queues, ","))
			}
			return serve(cmd.Context(), environ, wiring.RunWorker)
		},
	}
	cmd.Flags().StringSliceVar(&queues, "queues", nil, "task queues to serve, instead of WORKER_QUEUES")
	return cmd
}
