package wiring

import (
	"fmt"
	"log/slog"

	"registrar/internal/config"
	"registrar/internal/tracing"
)

// OpenTracing returns the export of traces, nil if there is none. It does not connect yet. The caller closes it last.
func OpenTracing(c config.Tracing, logger *slog.Logger) (*tracing.Tracing, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	headers, _ := c.Headers() // the configuration has been checked
	t, err := tracing.Open(tracing.Options{
		Endpoint: c.Endpoint, Headers: headers, Ratio: c.SampleRatio, Service: c.TracedService, Version: Revision(), Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return t, nil
}
