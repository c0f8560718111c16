package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/health"
)

func healthcheckCommand() *cobra.Command {
	var (
		live    bool
		timeout time.Duration
	)
	cmd := &cobra.Command{
		Use:   "healthcheck api|worker|codec",
		Short: "Check whether the API, worker or codec in this container is ready",
		Long: `Check whether the process in this container is ready, or with --live whether it is alive.

The command reads the address from API_ADDR, WORKER_HEALTH_ADDR (which must be set) or CODEC_ADDR. Run
it with the environment of the process, as the health check of a container does:

    healthcheck: {test: [CMD, /registrar, healthcheck, worker]}

An API is ready while Temporal answers and the database has every migration. A worker is ready while
it polls Temporal for all of its task queues. A process that has received SIGTERM is not ready.

The exit code is 0 if the process is ready (or alive). It is 1 if the process is not ready, does not
answer within --timeout, or does not listen on the address. One line on standard error names the cause.

Use --live if the platform restarts a container whose check fails, because a restart does not make
Temporal available again.`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"api", "worker", "codec"},
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := probedAddress(args[0])
			if err != nil {
				return err
			}
			path, state := health.ReadyPath, "ready"
			if live {
				path, state = health.LivePath, "alive"
			}
			if err := health.Ask(cmd.Context(), addr, path, timeout); err != nil {
				return fmt.Errorf("%s at %s: %w", args[0], addr, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s at %s is %s\n", args[0], addr, state)
			return nil
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "check whether the process is alive (/healthz) instead of ready (/readyz)")
	cmd.Flags().DurationVar(&timeout, "timeout", 2*time.Second, "how long to wait for the answer")
	return cmd
}

// probedAddress returns the address at which a process answers probes, from the environment.
func probedAddress(process string) (string, error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return "", err
	}
	switch process {
	case "worker":
		return c.Worker.HealthAddr, c.Require("WORKER_HEALTH_ADDR")
	case "codec":
		return c.Codec.Listen, nil
	default:
		return c.API.Addr, nil
	}
}
