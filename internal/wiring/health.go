package wiring

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/health"
	"registrar/worker"
)

// workerChecks returns the readiness checks of a worker: it polls each queue for each type of task, and it is not draining. A
// grace period covers the replacement of a connection and the failover to another Temporal server.
func workerChecks(c config.Worker, polls *engine.Polls, draining func() bool) health.Checks {
	grace := health.NewGracePeriod(c.PollingGrace, time.Now)
	return health.Checks{
		"draining": health.Draining(draining),
		"polling": func(context.Context) error {
			var all []error
			for _, queue := range c.Queues {
				for _, tasks := range worker.TaskTypes(queue) {
					all = append(all, polls.Check(queue, tasks))
				}
			}
			return grace.Check(errors.Join(all...))
		},
	}
}

// startHealth answers probes until stop is called; if there is no address, it does nothing. It calls failed if the listener
// fails.
func startHealth(ctx context.Context, addr string, checks health.Checks, failed func(error), logger *slog.Logger) (stop func(), err error) {
	probes := health.Handler(checks, logger, http.NotFoundHandler())
	return serveAside(ctx, aside{"WORKER_HEALTH_ADDR", addr, "answering probes", probes}, failed, logger)
}
