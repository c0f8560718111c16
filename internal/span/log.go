package span

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// FieldTrace is the field with the id of the trace in log lines.
const FieldTrace = "trace_id"

const fieldRegistration = "registration_id"

type registrationKey struct{}

// WithRegistration returns a context whose log lines have a registration's id. It also adds the id to the span in ctx.
func WithRegistration(ctx context.Context, id string) context.Context {
	trace.SpanFromContext(ctx).SetAttributes(KeyRegistrationID.String(id))
	return context.WithValue(ctx, registrationKey{}, id)
}

// LogHandler returns a handler that adds to each line the ids of the trace and the registration in its context, if there are any.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if in := trace.SpanContextFromContext(ctx); in.HasTraceID() {
		r.AddAttrs(slog.String(FieldTrace, in.TraceID().String()))
	}
	if id, ok := ctx.Value(registrationKey{}).(string); ok && !has(r, fieldRegistration) {
		r.AddAttrs(slog.String(fieldRegistration, id))
	}
	return h.Handler.Handle(ctx, r)
}

// has reports whether a line itself has a field.
func has(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
