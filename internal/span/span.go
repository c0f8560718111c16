// Package span adds spans to the trace of a context. In a context without a trace it does nothing, so that its users need no
// settings. Package tracing exports the spans.
//
// Names of spans and values of attributes are fixed words, names from the configuration, or ids. They never come from a user.
package span

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The keys of this service's own attributes. Package tracing exports them and a few of OpenTelemetry's.
const (
	KeyProvider       = attribute.Key("registrar.provider")        // a provider's name, or an endpoint's for events
	KeyRegistrationID = attribute.Key("registrar.registration_id") // the id, which is not secret
	KeyErrorType      = attribute.Key("error.type")                // a code, never a text
	KeyOperation      = attribute.Key("db.operation.name")         // select, insert, update, delete, row or raw
	KeyTable          = attribute.Key("db.collection.name")        // a table
)

// scope names this service as the source of the spans.
const scope = "registrar"

// Start starts a span below the one in ctx. If ctx has none, the span does nothing. The caller ends it.
func Start(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsValid() {
		return ctx, parent
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attributes...))
}

// Fail marks a span as failed. The code is a fixed word or a number; empty: there is none.
func Fail(s trace.Span, code string) {
	s.SetStatus(codes.Error, "")
	if code != "" {
		s.SetAttributes(KeyErrorType.String(code))
	}
}

// Inject adds the traceparent header (W3C Trace Context) to a request of another system. Without a trace, it adds nothing.
func Inject(ctx context.Context, header http.Header) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
}
