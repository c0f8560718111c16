package metrics_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/gate"
	"registrar/internal/metrics"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New("")
	gates, events := m.Gate(), m.Events()
	gates.Asked(gate.Denied, 30*time.Millisecond)
	gates.Asked(gate.AwayClosed, time.Second)
	gates.Asked(gate.AwayClosed, time.Second)
	events.AddEndpoint("crm")
	events.Posted("crm", metrics.EventFailed)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, w.Code)
	for _, line := range []string{
		`registrar_gate_answers_total{answer="allow"} 0`, `registrar_gate_answers_total{answer="deny"} 1`,
		`registrar_gate_answers_total{answer="away_open"} 0`, `registrar_gate_answers_total{answer="away_closed"} 2`,
		`registrar_gate_duration_seconds_bucket{le="0.05"} 1`, `registrar_gate_duration_seconds_count 3`, "go_goroutines ",
		`registrar_event_requests_total{endpoint="crm",outcome="delivered"} 0`, `registrar_event_requests_total{endpoint="crm",outcome="failed"} 1`,
	} {
		require.Contains(t, w.Body.String(), "\n"+line)
	}

	w = httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	require.Equal(t, 404, w.Code)
}
