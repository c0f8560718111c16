package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"registrar/api"
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

// startHealth answers probes on addr until stop is called; if addr is empty, it does nothing. It calls failed if the
// listener fails.
func startHealth(ctx context.Context, addr string, checks health.Checks, failed func(error), logger *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("WORKER_HEALTH_ADDR: listen on %s: %w", addr, err)
	}
	server := api.NewHTTPServer(addr, health.Handler(checks, logger, http.NotFoundHandler()))
	server.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("answer probes on %s: %w", addr, err))
		}
	}()
	logger.Info("answering probes", "addr", listener.Addr().String())
	return func() { _ = server.Close() }, nil // it does not wait for probes in progress, because clients repeat them
}
