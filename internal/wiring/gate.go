package wiring

import (
	"context"
	"fmt"
	"log/slog"

	"registrar/api"
	"registrar/internal/config"
	"registrar/internal/gate"
	"registrar/internal/metrics"
	"registrar/internal/store"
)

// OpenGate returns the gate of the configuration, nil if there is none. It does not connect yet.
func OpenGate(c config.Gate, users *store.Store, counts *metrics.Metrics, logger *slog.Logger) (api.Gate, error) {
	if c.GateURL == "" {
		return nil, nil
	}
	g, err := gate.New(gate.Options{
		URL: c.GateURL, Secrets: c.Secrets(), Timeout: c.GateTimeout, FailOpen: c.GateFail == "open",
		Store: users, Observe: counts.GateAsked, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("GATE_SECRET: %w", err)
	}
	return g, nil
}

// ServeMetrics serves the metrics until stop is called; if there is no address, it does nothing. It calls failed if the listener
// fails.
func ServeMetrics(
	ctx context.Context, c config.Metrics, counts *metrics.Metrics, failed func(error), logger *slog.Logger,
) (stop func(), err error) {
	return serveAside(ctx, aside{"METRICS_ADDR", c.MetricsAddr, "serving metrics", counts.Handler()}, failed, logger)
}
