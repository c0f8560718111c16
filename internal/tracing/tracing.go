// Package tracing exports the traces of a process by OTLP over HTTP. Only the attributes of a list leave the process: no address,
// name, URL, statement or error text does, whatever an instrumentation records.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/interceptor"
)

const (
	// flushTimeout bounds how long Close waits for the collector.
	flushTimeout = 3 * time.Second
	// exportTimeout bounds one request to the collector. Requests are sent in the background.
	exportTimeout = 10 * time.Second
)

// Options configure the export. Endpoint and Service are required.
type Options struct {
	Endpoint string            // base URL of the collector; traces go to /v1/traces below it
	Headers  map[string]string // of the requests to the collector
	Ratio    float64           // share of the traces that are recorded, 0 to 1
	Service  string            // name of this process
	Version  string            // of the program; empty: unknown
	Logger   *slog.Logger      // gets a line when the collector does not accept spans
}

// Tracing exports traces. A nil *Tracing traces nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider
	temporal temporalTracing
}

// Open returns a Tracing. It does not connect yet, and it needs no collector: spans that cannot be delivered are dropped.
func Open(o Options) (*Tracing, error) {
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(strings.TrimRight(o.Endpoint, "/")+"/v1/traces"),
		otlptracehttp.WithHeaders(o.Headers), otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
	)
	if err != nil {
		return nil, fmt.Errorf("open the export of traces: %w", err)
	}
	return open(o, &safeExporter{next: exporter, logger: o.Logger, now: time.Now})
}

// open is Open with an exporter.
func open(o Options, exporter sdktrace.SpanExporter) (*Tracing, error) {
	about := []attribute.KeyValue{attribute.String("service.name", o.Service)}
	if o.Version != "" {
		about = append(about, attribute.String("service.version", o.Version))
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(resource.NewSchemaless(about...)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Ratio))),
	)
	temporal, err := newTemporalTracing(provider)
	if err != nil {
		return nil, err
	}
	return &Tracing{provider, temporal}, nil
}

// Provider returns the provider of tracers, nil if nothing is traced.
func (t *Tracing) Provider() trace.TracerProvider {
	if t == nil {
		return nil
	}
	return t.provider
}

// Interceptors returns the interceptors for a Temporal client, which its workers use too. Without traces, they only add the id of the
// registration to the log lines of activities, and nothing to a history.
func (t *Tracing) Interceptors() []interceptor.ClientInterceptor {
	about := &registrationContext{}
	if t == nil {
		return []interceptor.ClientInterceptor{about}
	}
	return []interceptor.ClientInterceptor{t.temporal, about}
}

// Close exports the remaining spans. If the collector does not accept them within 3 s, they are dropped.
func (t *Tracing) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the exporter has logged the reason
}
