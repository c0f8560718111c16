// Package wiring connects the parts of the service according to the configuration. cmd/registrar and dev share it,
// so that development differs from production only in the Temporal server, the database and the providers.
package wiring

import (
	"log/slog"

	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/metrics"
	"registrar/internal/store"
	"registrar/internal/tracing"
)

// common is what the API, the workers and the lookup of registrations share.
type common struct {
	keys     Keys
	users    *store.Store // the caller closes it
	temporal client.Options
	traces   *tracing.Tracing // this and counts: of openObserved only
	counts   *metrics.Metrics
}

// openObserved is openCommon for a process that has metrics, and exports traces if they are configured. The caller closes the result.
func openObserved(c config.Config, logger *slog.Logger) (common, error) {
	o, err := openCommon(c, logger)
	if err != nil {
		return o, err
	}
	if o.traces, err = OpenTracing(c.Tracing, logger); err != nil {
		closeStore(o.users, logger)
		return o, err
	}
	o.temporal.Interceptors = append(o.traces.Interceptors(), metrics.Exemplars())
	o.counts = o.measure(c)
	return o, nil
}

// close closes the database, and exports the remaining spans.
func (o common) close(logger *slog.Logger) {
	closeStore(o.users, logger)
	o.traces.Close()
}

// openCommon does not connect yet.
func openCommon(c config.Config, logger *slog.Logger) (o common, err error) {
	if err := c.Require("PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"); err != nil {
		return o, err
	}
	if o.keys, err = OpenKeys(c.Keys); err != nil {
		return o, err
	}
	if o.temporal, err = TemporalOptions(o.keys, logger); err != nil {
		return o, err
	}
	events, err := c.Recording()
	if err != nil {
		return o, err
	}
	o.users, err = OpenStore(c.Database, events, logger)
	return o, err
}
