package span_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"registrar/internal/span"
)

// traced returns a context with a trace, and the ended spans of the trace.
func traced(t *testing.T) (context.Context, *tracetest.SpanRecorder) {
	t.Helper()
	ended := tracetest.NewSpanRecorder()
	ctx, _ := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ended)).Tracer("test").Start(t.Context(), "request")
	return ctx, ended
}

func TestStart(t *testing.T) {
	t.Parallel()
	ctx, ended := traced(t)
	inner, s := span.Start(ctx, "step", span.KeyProvider.String("smtp"))
	require.Equal(t, s, trace.SpanFromContext(inner))
	s.End()
	require.Len(t, ended.Ended(), 1)
	require.Equal(t, "step", ended.Ended()[0].Name())
	require.Equal(t, trace.SpanContextFromContext(ctx).SpanID(), ended.Ended()[0].Parent().SpanID())
}

// TestNothingWithoutATrace is not parallel, because it counts allocations.
func TestNothingWithoutATrace(t *testing.T) {
	ctx, s := span.Start(t.Context(), "step")
	require.Equal(t, t.Context(), ctx)
	span.Fail(s, "timeout")
	s.End()
	header := http.Header{}
	span.Inject(ctx, header)
	require.Empty(t, header)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, s := span.Start(ctx, "step")
		s.End()
	}))
}

func TestTransport(t *testing.T) {
	t.Parallel()
	headers := make(chan http.Header, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header }))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: span.Transport(http.DefaultTransport)}
	ctx, ended := traced(t)
	for _, ctx := range []context.Context{t.Context(), ctx} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
		require.NoError(t, err)
		response, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Empty(t, (<-headers).Get("Traceparent"))
	}
	require.Len(t, ended.Ended(), 1)
	require.Equal(t, "HTTP POST", ended.Ended()[0].Name())
}

func TestInject(t *testing.T) {
	t.Parallel()
	ctx, _ := traced(t)
	header := http.Header{}
	span.Inject(ctx, header)
	require.Contains(t, header.Get("Traceparent"), trace.SpanContextFromContext(ctx).TraceID().String())
}

func TestLogHandler(t *testing.T) {
	t.Parallel()
	text := new(bytes.Buffer)
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	logger := slog.New(span.LogHandler(slog.NewTextHandler(text, plain))).With("of", "codes")
	line := func(ctx context.Context, args ...any) string {
		text.Reset()
		logger.InfoContext(ctx, "sent", args...)
		return text.String()
	}
	require.Equal(t, "level=INFO msg=sent of=codes\n", line(t.Context()))
	ctx, _ := traced(t)
	id := trace.SpanContextFromContext(ctx).TraceID().String()
	require.Equal(t, "level=INFO msg=sent of=codes trace_id="+id+"\n", line(ctx))
	ctx = span.WithRegistration(ctx, "r1")
	require.Equal(t, "level=INFO msg=sent of=codes trace_id="+id+" registration_id=r1\n", line(ctx))
	require.Equal(t, "level=INFO msg=sent of=codes registration_id=r1\n", line(span.WithRegistration(t.Context(), "r1")))
	require.Equal(t, "level=INFO msg=sent of=codes registration_id=r2 trace_id="+id+"\n", line(ctx, "registration_id", "r2"))
}
