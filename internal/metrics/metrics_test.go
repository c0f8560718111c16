package metrics_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"registrar/internal/delivery"
	"registrar/internal/gate"
	"registrar/internal/message"
	"registrar/internal/metrics"
	"registrar/internal/secret"
)

// scrape returns the metrics in the OpenMetrics format, as Prometheus asks for them.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	require.Equal(t, 200, w.Code)
	return w.Body.String()
}

func requireLines(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	text := scrape(t, m)
	for _, line := range lines {
		require.Contains(t, text, "\n"+line)
	}
}

func TestGateAndEvents(t *testing.T) {
	t.Parallel()
	m := metrics.New("")
	gates, events := m.Gate(), m.Events()
	gates.Asked(gate.Denied, 30*time.Millisecond)
	gates.Asked(gate.AwayClosed, time.Second)
	gates.Asked(gate.AwayClosed, time.Second)
	events.AddEndpoint("crm")
	events.Posted("crm", metrics.EventFailed)
	requireLines(t, m,
		`registrar_gate_answers_total{answer="allow"} 0`, `registrar_gate_answers_total{answer="deny"} 1`,
		`registrar_gate_answers_total{answer="away_open"} 0`, `registrar_gate_answers_total{answer="away_closed"} 2`,
		`registrar_gate_duration_seconds_bucket{le="0.05"} 1`, `registrar_gate_duration_seconds_count 3`, "go_goroutines ",
		`registrar_event_requests_total{endpoint="crm",outcome="delivered"} 0`, `registrar_event_requests_total{endpoint="crm",outcome="failed"} 1`,
	)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	require.Equal(t, 404, w.Code)
}

// A sampled trace becomes an exemplar.
func TestRequests(t *testing.T) {
	t.Parallel()
	m := metrics.New("")
	requests := m.HTTP()
	id, err := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	require.NoError(t, err)
	span := trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}}
	unsampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(span))
	span.TraceFlags = trace.FlagsSampled
	sampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(span))
	for _, ctx := range []context.Context{sampled, unsampled} {
		requests.RequestBegan()
		requests.RequestEnded(ctx, "createRegistration", 201, 40*time.Millisecond)
	}
	requests.RequestBegan()
	requests.LimitRefused("sms")
	requireLines(t, m,
		`registrar_http_request_duration_seconds_bucket{code="201",operation="createRegistration",le="0.05"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.04`,
		`registrar_http_requests_in_flight 1`, `registrar_limit_refusals_total{limit="sms"} 1`, `registrar_limit_refusals_total{limit="client"} 0`,
	)
}

type sender struct{ failure message.Failure }

func (s *sender) Send(context.Context, message.Message) (message.Receipt, error) {
	if s.failure != "" {
		return message.Receipt{}, &message.Error{Provider: "twilio", Failure: s.failure}
	}
	return message.Receipt{Provider: "twilio"}, nil
}

// A provider is measured by its answers, and its circuit breaker for codes from the fifth failure until it works again.
func TestProviders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, s := metrics.New(""), new(sender)
		observer := m.Providers().Of(message.ChannelSMS)
		chain := delivery.NewChain(delivery.Options{Observer: observer}, delivery.Observed(delivery.Provider{Name: "twilio", Sender: s}, observer))
		send := func() { _, _ = chain.Send(t.Context(), message.Message{Kind: message.KindOTP, Attempt: 1}) }
		send()
		s.failure = message.Unavailable
		for range 5 {
			send()
		}
		requireLines(t, m,
			`registrar_provider_requests_total{channel="sms",outcome="accepted",provider="twilio"} 1`,
			`registrar_provider_requests_total{channel="sms",outcome="unavailable",provider="twilio"} 5`,
			`registrar_provider_requests_total{channel="sms",outcome="rejected",provider="twilio"} 0`,
			`registrar_provider_request_duration_seconds_count{channel="sms",provider="twilio"} 6`,
			`registrar_provider_circuit_open{channel="sms",messages="codes",provider="twilio"} 1`,
			`registrar_provider_circuit_open{channel="sms",messages="notices",provider="twilio"} 0`,
		)
		s.failure = ""
		time.Sleep(11 * time.Second)
		send()
		requireLines(t, m, `registrar_provider_circuit_open{channel="sms",messages="codes",provider="twilio"} 0`)
	})
}

func TestHashing(t *testing.T) {
	t.Parallel()
	m := metrics.New("")
	h := secret.NewHasher(secret.HasherOptions{
		Concurrency: 1, Queue: 1, Observer: m.Hashing(), Params: &argon2id.Params{Memory: 64 << 10, Iterations: 4, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	var results [3]chan error
	for i := range results {
		results[i] = make(chan error, 1)
		go func() { _, err := h.Hash(t.Context(), "correct horse", nil); results[i] <- err }()
	}
	refused := 0
	for _, result := range results {
		if err := <-result; err != nil {
			require.ErrorIs(t, err, secret.ErrSaturated)
			refused++
		}
	}
	require.Equal(t, 1, refused)
	requireLines(t, m,
		`registrar_password_hash_duration_seconds_count 2`, `registrar_password_hash_wait_seconds_count 2`,
		`registrar_password_hash_waiting 0`, `registrar_password_hash_refused_total 1`,
	)
}

func TestProcess(t *testing.T) {
	t.Parallel()
	m := metrics.New("4f5a")
	m.Certificates(map[string]time.Time{"temporal_ca": time.Unix(1800000000, 0)})
	m.Keysets(map[string]time.Time{"prf": time.Now().Add(-time.Hour), "payload": time.Now()})
	m.Ledger().DuplicateAvoided(message.KindOTP)
	backlogs := m.Backlogs()
	backlogs.SetBacklog("events", "activity", 3, 2*time.Second)
	backlogs.SetBacklog("registration", "activity", 1, time.Second)
	backlogs.ClearBacklog("registration", "activity")
	requireLines(t, m,
		`registrar_certificate_expiry_timestamp_seconds{certificate="temporal_ca"} 1.8e+09`,
		`registrar_keyset_age_seconds{keyset="payload"} `, `registrar_keyset_age_seconds{keyset="prf"} 3600.`,
		`registrar_ledger_duplicates_avoided_total{message="otp"} 1`,
		`registrar_queue_backlog_tasks{queue="events",type="activity"} 3`, `registrar_queue_backlog_age_seconds{queue="events",type="activity"} 2`,
	)
	require.NotContains(t, scrape(t, m), `queue="registration"`)
}
