package tracing

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"registrar/internal/span"
)

// setup returns a Tracing that exports to memory when it is closed.
func setup(t *testing.T, ratio float64) (*Tracing, *tracetest.InMemoryExporter) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	traces, err := open(Options{Ratio: ratio, Service: "registrar"}, kept)
	require.NoError(t, err)
	return traces, kept
}

func TestCollectorGetsSpans(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requests <- r }))
	t.Cleanup(collector.Close)
	for _, endpoint := range []string{collector.URL, collector.URL + "/"} {
		traces, err := Open(Options{Endpoint: endpoint, Headers: map[string]string{"api-key": "secret"}, Ratio: 1, Service: "registrar", Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		_, s := traces.Provider().Tracer("test").Start(t.Context(), "request")
		s.End()
		traces.Close()
		r := <-requests
		require.Equal(t, "/v1/traces", r.URL.Path)
		require.Equal(t, "secret", r.Header.Get("Api-Key"))
		require.Equal(t, "application/x-protobuf", r.Header.Get("Content-Type"))
	}
}

// TestCloseDoesNotWaitForACollector closes while the collector does not answer.
func TestCloseDoesNotWaitForACollector(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); collector.Close() })
	traces, err := Open(Options{Endpoint: collector.URL, Ratio: 1, Service: "registrar", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, s := traces.Provider().Tracer("test").Start(t.Context(), "request")
	began := time.Now()
	s.End()
	require.Less(t, time.Since(began), time.Second, "requests do not wait either")
	traces.Close()
	require.Less(t, time.Since(began), flushTimeout+5*time.Second)
}

func TestNoTraces(t *testing.T) {
	t.Parallel()
	var traces *Tracing
	require.Nil(t, traces.Provider())
	require.Len(t, traces.Interceptors(), 1)
	traces.Close()
}

func TestRatio(t *testing.T) {
	t.Parallel()
	for ratio, want := range map[float64]int{0: 0, 1: 400} {
		traces, kept := setup(t, ratio)
		for range 400 {
			ctx, s := traces.Provider().Tracer("test").Start(t.Context(), "request")
			_, child := span.Start(ctx, "step")
			require.Equal(t, s.SpanContext().IsSampled(), child.SpanContext().IsSampled())
			s.End()
		}
		require.NoError(t, traces.provider.ForceFlush(t.Context()))
		require.Len(t, kept.GetSpans(), want)
		traces.Close()
	}
}
