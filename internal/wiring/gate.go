package wiring

import (
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
		Store: users, Observe: counts.Gate().Asked, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("GATE_SECRET: %w", err)
	}
	return g, nil
}
