package tracing

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"registrar/internal/span"
)

// logInterval is how often an unreachable collector is logged.
const logInterval = 5 * time.Minute

// allowed are the only attributes that leave the process. Their values are fixed words, numbers, routes as the contract writes them,
// or ids.
var allowed = []attribute.Key{
	span.KeyProvider, span.KeyRegistrationID, span.KeyErrorType, span.KeyOperation, span.KeyTable,
	"http.request.method", "http.response.status_code", "http.route", "temporalWorkflowID",
}

// safeExporter passes on spans without what may be personal or secret. It logs that a collector is unavailable, at most once in
// logInterval. It returns no errors, because OpenTelemetry would write each to standard error.
type safeExporter struct {
	next   sdktrace.SpanExporter
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	logged  time.Time
	dropped int // since logged
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *safeExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	safe := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		safe[i] = safeSpan{s}
	}
	if err := e.next.ExportSpans(ctx, safe); err != nil {
		e.log(ctx, len(spans), err)
	}
	return nil
}

func (e *safeExporter) log(ctx context.Context, spans int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropped += spans
	if now := e.now(); now.Sub(e.logged) >= logInterval {
		e.logger.WarnContext(ctx, "the collector did not accept spans", "setting", "OTEL_EXPORTER_OTLP_ENDPOINT", "dropped", e.dropped, "err", err)
		e.logged, e.dropped = now, 0
	}
}

// Shutdown implements sdktrace.SpanExporter.
func (e *safeExporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }

// safeSpan is a span with only the allowed attributes. It has no events, because those of errors have their text, no links, and no
// description of its status.
type safeSpan struct{ sdktrace.ReadOnlySpan }

func (s safeSpan) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(s.ReadOnlySpan.Attributes()), func(a attribute.KeyValue) bool { return !slices.Contains(allowed, a.Key) })
}

func (safeSpan) Events() []sdktrace.Event { return nil }
func (safeSpan) Links() []sdktrace.Link   { return nil }

func (s safeSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}
