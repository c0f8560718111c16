package main

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/dev/outbox"
	"registrar/internal/message"
	"registrar/workflows"
)

// scrape is what a service answers at /metrics, as text and by name.
type scrape struct {
	text     string
	families map[string]*dto.MetricFamily
}

// visit gets an address that is not in the contract.
func (s *testClient) visit(t *testing.T, path string) (status int, text []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
	require.NoError(t, err)
	response, err := s.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, text
}

func (s *testClient) scrape(t *testing.T) scrape {
	t.Helper()
	status, text := s.visit(t, "/metrics")
	require.Equal(t, http.StatusOK, status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	require.NoError(t, err)
	return scrape{string(text), families}
}

// value returns the value of a series, or the number of observations of a histogram. labels are alternating names and values. A series
// that is missing is 0.
func (s scrape) value(name string, labels ...string) float64 {
	for _, m := range s.families[name].GetMetric() {
		have := make([]string, 0, 2*len(m.GetLabel()))
		for _, l := range m.GetLabel() {
			have = append(have, l.GetName(), l.GetValue())
		}
		if slices.Equal(have, labels) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return 0
}

// series returns the number of lines with a value.
func (s scrape) series() (n int) {
	for line := range strings.Lines(s.text) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

// measuredRun has registrations with every usual outcome. It returns the personal data in them.
func (s *testService) measuredRun(t *testing.T) (personal []string) {
	t.Helper()
	note := func(form openapi.RegistrationRequest) openapi.RegistrationRequest {
		personal = append(personal, form.Email, form.Username, form.MobileNumber)
		return form
	}
	expiring := s.mustRegister(t, note(newForm()))
	runHappySMS(t, s)
	runHappyEmail(t, s)
	runRejected(t, s) // the first of the two expires

	form := note(newForm())
	down := s.breakProvider(isCode, errNoConnection)
	id := s.mustRegister(t, form).RegistrationID
	await(t, "two attempts", func() (int64, bool) { n := down.refused.Load(); return n, n >= 2 })
	down.over.Store(true)
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requireActive(t, id, code)

	form = note(distinctiveForm())
	s.breakProvider(isCode, &message.Error{Provider: outbox.Provider, Failure: message.Rejected, Code: "no such number"})
	parked := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, parked, openapi.StatusFailed)
	workflowID := workflows.RegistrationWorkflowID(parked)
	require.NoError(t, s.temporalClient(t).CancelWorkflow(t.Context(), workflowID, ""))
	s.awaitStatus(t, parked, openapi.StatusExpired)
	s.awaitStatus(t, expiring.RegistrationID, openapi.StatusExpired)
	s.visit(t, "/docs")
	s.visit(t, "/"+form.Email)
	token, _ := tokens.Load(parked)
	return append(personal, form.FirstName, form.LastName, form.Password, code, id, parked, token.(string))
}

// awaitOutcomes polls until the number of registrations have ended, and returns the metrics then.
func (s *testService) awaitOutcomes(t *testing.T, n float64) scrape {
	t.Helper()
	return await(t, "the outcomes", func() (scrape, bool) {
		have, sum := s.scrape(t), 0.0
		for _, outcome := range workflows.Outcomes {
			sum += have.value("registrar_registrations_total", "outcome", outcome)
		}
		return have, sum >= n
	})
}

// TestMetricsOfARun checks the values after registrations with each usual outcome, and that they have no personal data.
func TestMetricsOfARun(t *testing.T) {
	t.Parallel()
	s := startService(t, "OTP_TTL=20s", "VERIFICATION_WINDOW=20s", "BUDGET_OTP=15s")
	personal := s.measuredRun(t)
	have := s.awaitOutcomes(t, 7)
	sms := []string{"channel", "sms", "country", "US", "provider", "outbox"}
	email := []string{"channel", "email", "country", "", "provider", "outbox"}
	for _, want := range []struct {
		value  float64
		name   string
		labels []string
	}{
		{7, "registrar_registrations_started_total", nil},
		{3, "registrar_registrations_total", []string{"outcome", "active"}},
		{1, "registrar_registrations_total", []string{"outcome", "rejected"}},
		{2, "registrar_registrations_total", []string{"outcome", "expired"}},
		{1, "registrar_registrations_total", []string{"outcome", "cancelled"}},
		{0, "registrar_registrations_total", []string{"outcome", "failed"}},
		{5, "registrar_code_handover_seconds", nil},
		{3, "registrar_code_entry_seconds", nil},
		{4, "registrar_codes_sent_total", sms},
		{1, "registrar_codes_sent_total", email},
		{2, "registrar_codes_verified_total", sms},
		{1, "registrar_codes_verified_total", email},
		{1, "registrar_steps_parked_total", []string{"reason", "sms_rejected"}},
		{2, "registrar_provider_requests_total", []string{"channel", "sms", "outcome", "unavailable", "provider", "outbox"}},
		{1, "registrar_provider_requests_total", []string{"channel", "sms", "outcome", "rejected", "provider", "outbox"}},
		{6, "registrar_http_request_duration_seconds", []string{"code", "201", "operation", "createRegistration"}},
		{1, "registrar_http_request_duration_seconds", []string{"code", "409", "operation", "createRegistration"}},
		{1, "registrar_http_request_duration_seconds", []string{"code", "422", "operation", "verifyRegistration"}},
		{3, "registrar_http_request_duration_seconds", []string{"code", "200", "operation", "verifyRegistration"}},
		{1, "registrar_http_request_duration_seconds", []string{"code", "200", "operation", "page"}},
		{1, "registrar_http_request_duration_seconds", []string{"code", "404", "operation", "other"}},
		{0, "registrar_http_requests_in_flight", nil},
		{7, "registrar_password_hash_duration_seconds", nil},
		{7, "registrar_password_hash_wait_seconds", nil},
		{0, "registrar_password_hash_waiting", nil},
		{7, "temporal_long_request_total", []string{"operation", "ExecuteMultiOperation"}},
	} {
		require.InDelta(t, want.value, have.value(want.name, want.labels...), 0, "%s %v", want.name, want.labels)
	}
	for _, queue := range workflows.Queues {
		require.Contains(t, have.text, `registrar_queue_backlog_tasks{queue="`+queue+`",type="activity"}`)
		require.Positive(t, have.value("temporal_worker_task_slots_available", "task_queue", queue, "worker_type", "ActivityWorker"))
	}
	require.Contains(t, have.text, `registrar_queue_backlog_age_seconds{queue="registration",type="workflow"}`)
	require.Positive(t, have.value("go_sql_open_connections", "db_name", "registrar"))
	for _, p := range personal {
		require.False(t, containsEncoded(have.text, p), "%q is in the metrics", p)
	}
	require.Less(t, have.series(), 1500)
	t.Logf("%d series", have.series())
}
