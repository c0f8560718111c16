package main

import (
	"cmp"
	"context"
	"net"
	"strconv"

	"registrar/activities"
	"registrar/api"
	"registrar/dev/preflight"
	"registrar/internal/limit"
	"registrar/internal/store"
	"registrar/internal/wiring"
)

// listen locks the data folder and listens on the port of the API.
func (s *stack) listen(ctx context.Context) (net.Listener, error) {
	lock, err := preflight.LockData(s.data)
	if err != nil {
		return nil, err
	}
	s.onStop(lock.Close)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopbackAddress(s.apiPort))
	if err != nil {
		return nil, preflight.API.Busy(s.apiPort, err)
	}
	s.onStop(func() error { return ignoreClosed(listener.Close()) })
	s.base = "http://localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	s.config.Public.PublicURL = cmp.Or(s.config.Public.PublicURL, s.base)
	return listener, nil
}

// openTraces opens the export of traces, which ends last.
func (s *stack) openTraces() (err error) {
	if s.traces, err = wiring.OpenTracing(s.config.Tracing, s.logger); err != nil {
		return err
	}
	s.onStop(func() error { s.traces.Close(); return nil })
	return nil
}

// openGate opens the gate, and serves the metrics that count its answers.
func (s *stack) openGate(ctx context.Context, deps *api.Deps, users *store.Store) (err error) {
	if deps.Gate, err = wiring.OpenGate(s.config.Gate, users, s.counts, s.logger); err != nil {
		return err
	}
	stopMetrics, err := wiring.ServeMetrics(ctx, s.config.Metrics, s.counts, s.fail, s.logger)
	if err != nil {
		return err
	}
	s.onStop(func() error { stopMetrics(); return nil })
	return nil
}

// schedule schedules what runs regularly, in the background because it does not delay the start.
func (s *stack) schedule(ctx context.Context, temporal wiring.Temporal) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		wiring.Schedule(ctx, s.config, temporal, s.logger)
	}()
	s.onStop(func() error { cancel(); <-done; return nil })
}

// startWorkers serves the configured queues. The outbox stands for the providers, unless the tests replace it.
func (s *stack) startWorkers(
	keys wiring.Keys, users *store.Store, limits *limit.Limits, temporal wiring.Temporal, endpoints []activities.Endpoint,
) error {
	providers := wiring.Providers{Email: s.outbox, SMS: s.outbox, Batches: s.outbox, Endpoints: endpoints}
	if s.providers != nil {
		providers = s.providers(providers)
	}
	workers, err := wiring.StartWorkers(s.config, keys, users, providers, limits, temporal, s.fail)
	if err != nil {
		return err
	}
	s.onStop(func() error { workers.Stop(); return nil })
	return nil
}
