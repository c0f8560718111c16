package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"registrar/internal/span"
)

// failing is an exporter that accepts nothing.
type failing struct{ sdktrace.SpanExporter }

func (failing) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	return errors.New("connection refused")
}

func TestOnlyAllowedAttributesAreExported(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(&safeExporter{next: kept, now: time.Now}))
	ctx, parent := provider.Tracer("test").Start(t.Context(), "GET /v1/registrations/:id")
	_, s := span.Start(ctx, "send: smtp", span.KeyProvider.String("smtp"), attribute.String("url.full", "https://example.com/secret"))
	s.SetAttributes(attribute.String("client.address", "192.0.2.7"), attribute.String("user_agent.original", "secret"),
		attribute.String("server.address", "secret"), attribute.Int("http.response.status_code", 503))
	s.RecordError(errors.New("550 no such user: secret@example.com"))
	s.AddEvent("secret")
	s.AddLink(trace.Link{SpanContext: parent.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("secret", "secret")}})
	s.SetStatus(codes.Error, "secret")
	span.Fail(s, "timeout")
	s.End()

	spans := kept.GetSpans()
	require.Len(t, spans, 1)
	require.Equal(t, "send: smtp", spans[0].Name)
	require.Equal(t, parent.SpanContext().SpanID(), spans[0].Parent.SpanID())
	require.ElementsMatch(t, []attribute.KeyValue{
		span.KeyProvider.String("smtp"), attribute.Int("http.response.status_code", 503), span.KeyErrorType.String("timeout"),
	}, spans[0].Attributes)
	require.Empty(t, spans[0].Events)
	require.Empty(t, spans[0].Links)
	require.Equal(t, sdktrace.Status{Code: codes.Error}, spans[0].Status)
}

func TestAnUnavailableCollectorIsLoggedRarely(t *testing.T) {
	t.Parallel()
	now, logs := time.Now(), new(bytes.Buffer)
	e := &safeExporter{next: failing{}, logger: slog.New(slog.NewTextHandler(logs, nil)), now: func() time.Time { return now }}
	for range 10 {
		require.NoError(t, e.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, 3)))
	}
	require.Equal(t, 1, strings.Count(logs.String(), "\n"))
	require.Contains(t, logs.String(), "dropped=3 ")
	require.Contains(t, logs.String(), "OTEL_EXPORTER_OTLP_ENDPOINT")
	now = now.Add(logInterval)
	require.NoError(t, e.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, 3)))
	require.Equal(t, 2, strings.Count(logs.String(), "\n"))
	require.Contains(t, logs.String(), "dropped=30 ")
}
