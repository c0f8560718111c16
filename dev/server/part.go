package main

import (
	"cmp"
	"context"
	"net"
	"strconv"

	"registrar/activities"
	"registrar/api"
	"registrar/dev/outbox"
	"registrar/dev/preflight"
	"registrar/internal/delivery"
	"registrar/internal/limit"
	"registrar/internal/message"
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

// openGate opens the gate, and serves the metrics at METRICS_ADDR too, if it is set.
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

// runAside schedules what runs regularly and watches the backlog of the queues, in the background because neither delays the start.
func (s *stack) runAside(ctx context.Context, temporal wiring.Temporal) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	wiring.WatchBacklogs(ctx, s.config.Worker, temporal, s.counts)
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
	measured := s.counts.Providers()
	observed := func(channel message.Channel) delivery.Provider {
		return delivery.Observed(delivery.Provider{Name: outbox.Provider, Sender: s.outbox, Batches: s.outbox}, measured.Of(channel))
	}
	emails, texts := observed(message.ChannelEmail), observed(message.ChannelSMS)
	providers := wiring.Providers{Email: emails.Sender, SMS: texts.Sender, Batches: emails.Batches, Endpoints: endpoints}
	if s.providers != nil {
		providers = s.providers(providers)
	}
	workers, err := wiring.StartWorkers(s.config, keys, users, providers, limits, temporal, s.counts, s.fail)
	if err != nil {
		return err
	}
	s.onStop(func() error { workers.Stop(); return nil })
	return nil
}
