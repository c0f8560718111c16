package api

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"registrar/internal/span"
)

func setupTraces(t *testing.T) (*service, *tracetest.SpanRecorder, *bytes.Buffer) {
	t.Helper()
	ended, logs := tracetest.NewSpanRecorder(), new(bytes.Buffer)
	s := setup(t, func(d *Deps) {
		d.Traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ended))
		d.Logger = slog.New(span.LogHandler(slog.NewTextHandler(logs, nil)))
	})
	return s, ended, logs
}

func TestSpansAreNamedByTheirRoute(t *testing.T) {
	t.Parallel()
	s, ended, _ := setupTraces(t)
	for _, request := range [][2]string{
		{"GET", registrationPath}, {"POST", registrations}, {"GET", "/zoe@example.com"}, {"BREW", registrations}, {"GET", "/healthz"}, {"GET", "/readyz"},
	} {
		s.send(t, request[0], request[1], "")
	}
	var names []string
	for _, each := range ended.Ended() {
		names = append(names, each.Name())
	}
	require.Equal(t, []string{"GET /v1/registrations/:id", "POST /v1/registrations", "unmatched", "unmatched"}, names)
}

func TestEachRequestBeginsATrace(t *testing.T) {
	t.Parallel()
	s, ended, _ := setupTraces(t)
	s.send(t, "GET", registrationPath, "", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate", "zoe=1", "Baggage", "user=zoe")
	require.Len(t, ended.Ended(), 1)
	root := ended.Ended()[0]
	require.False(t, root.Parent().IsValid())
	require.NotEqual(t, "0af7651916cd43dd8448eb211c80319c", root.SpanContext().TraceID().String())
	require.Empty(t, root.SpanContext().TraceState().String())
}

func TestLinesHaveTheTraceAndTheRegistration(t *testing.T) {
	t.Parallel()
	s, ended, logs := setupTraces(t)
	s.send(t, "POST", registrations, with(validBody(), nil))
	require.Regexp(t, ` msg=request .* trace_id=[0-9a-f]{32} registration_id=[0-9a-f-]{36}\n$`, logs.String())
	require.Contains(t, logs.String(), " trace_id="+ended.Ended()[0].SpanContext().TraceID().String()+" ")
	logs.Reset()
	s.send(t, "GET", registrationPath, "")
	require.Contains(t, logs.String(), " registration_id="+registrationID+"\n")
	logs.Reset()
	s.send(t, "GET", registrations+"/zoe", "")
	require.NotContains(t, logs.String(), "registration_id")
}
