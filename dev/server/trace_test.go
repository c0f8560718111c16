package main

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"registrar/api/openapi"
	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/sms"
	"registrar/internal/wiring"
	"registrar/test/parts"
	"registrar/workflows"
)

// newGateway returns a gateway for SMS that stores messages in the outbox, and keeps the traceparent headers of its requests. Its
// errors have the message in their text.
func newGateway(t *testing.T, outbox message.Sender) (provider message.Sender, traceparents chan string) {
	t.Helper()
	traceparents = make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traceparents <- r.Header.Get("Traceparent")
		var m struct{ To, Text, Kind string }
		if json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if _, err := outbox.Send(r.Context(), message.Message{Channel: message.ChannelSMS, Kind: message.Kind(m.Kind), To: m.To, Text: m.Text}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	gateway, err := sms.NewWebhook(sms.WebhookOptions{URL: server.URL + "/send?token=" + gatewayToken, Secret: gateSecret})
	require.NoError(t, err)
	return delivery.NewChain(delivery.Options{Logger: discardLogger()}, delivery.Provider{Name: sms.WebhookName, Sender: gateway}), traceparents
}

// gatewayToken is in the address of the gateway for SMS.
const gatewayToken = "token-of-the-gateway"

// startTraced starts a service that sends its traces to a collector and its SMS to a gateway. stop stops it, so that the collector
// has all spans.
func startTraced(t *testing.T, c *collector, logs *buffer, settings ...string) (s *testService, traceparents chan string, stop func()) {
	t.Helper()
	configured, err := config.Load(slices.Concat(defaults(), testSettings, c.settings(), settings))
	require.NoError(t, err)
	o := options{data: t.TempDir(), config: configured, logger: wiring.Logger(config.Log{Level: "debug", Format: "json"}, logs), receiver: true}
	o.providers = func(p wiring.Providers) wiring.Providers {
		p.SMS, traceparents = newGateway(t, p.SMS)
		return p
	}
	running, err := start(t.Context(), o)
	require.NoError(t, err)
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			require.NoError(t, running.stop())
		}
	}
	t.Cleanup(stop)
	return &testService{newTestClient(running.base), running}, traceparents, stop
}

// TestTraceOfARegistration follows one trace from the request to the provider.
func TestTraceOfARegistration(t *testing.T) {
	t.Parallel()
	c, logs, gate := newCollector(t), new(buffer), newGateReceiver(t)
	s, traceparents, stop := startTraced(t, c, logs, "GATE_URL="+gate.URL, "GATE_SECRET="+gateSecret)
	form := newForm()
	answer := s.register(t, form, "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	id := decode[openapi.RegistrationCreated](t, answer, http.StatusCreated).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requireActive(t, id, code)
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitEnd(t, id)
	stop()

	all := c.spans()
	posts := all.named("POST /v1/registrations")
	require.Len(t, posts, 1)
	post := posts[0]
	require.Empty(t, post.GetParentSpanId(), "a client does not choose the trace")
	require.NotContains(t, hex.EncodeToString(post.GetTraceId()), "0af765")
	require.Equal(t, id, attributeOf(post, "registrar.registration_id"))

	trace := all.trace(post.GetTraceId())
	root := []string{"RunWorkflow:RegistrationWorkflow", "UpdateWithStartWorkflow:persisted", "POST /v1/registrations"}
	step := func(activity string) []string {
		return slices.Concat([]string{"RunActivity:" + activity, "StartActivity:" + activity}, root)
	}
	for name, want := range map[string][]string{
		"RunWorkflow:RegistrationWorkflow": root,
		"RunActivity:PersistUser":          step("PersistUser"),
		"RunActivity:ActivateUser":         step("ActivateUser"),
		"RunActivity:DeliverEvents":        step("DeliverEvents"),
		"RunActivity:SendCompletionSMS":    step("SendCompletionSMS"),
		"send: outbox":                     append([]string{"send: outbox"}, step("SendWelcomeEmail")...),
		"database: persist user":           append([]string{"database: persist user"}, step("PersistUser")...),
		"hash the password":                {"hash the password", "POST /v1/registrations"},
		"ask the gate":                     {"ask the gate", "POST /v1/registrations"},
		"HandleUpdate:persisted":           {"HandleUpdate:persisted", "UpdateWithStartWorkflow:persisted", "POST /v1/registrations"},
	} {
		found := trace.named(name)
		require.NotEmpty(t, found, name)
		require.Equal(t, want, trace.path(t, found[0]))
	}
	requireDocumentedTrace(t, trace)
	var calls [][]string
	for _, call := range trace.named("HTTP POST") {
		calls = append(calls, trace.path(t, call))
	}
	sent := []string{"HTTP POST", "send: webhook"}
	require.Contains(t, calls, slices.Concat(sent, step("SendOTP")))
	require.Contains(t, calls, slices.Concat(sent, step("SendCompletionSMS")))
	require.Contains(t, calls, []string{"HTTP POST", "ask the gate", "POST /v1/registrations"})
	for range 2 {
		require.Contains(t, <-traceparents, hex.EncodeToString(post.GetTraceId()), "the gateway can continue the trace")
	}

	entered := all.named("POST /v1/registrations/:id/verification")
	require.NotEmpty(t, entered)
	require.NotEqual(t, post.GetTraceId(), entered[0].GetTraceId(), "each request begins a trace")
	require.Equal(t, id, attributeOf(entered[0], "registrar.registration_id"))
	verified := all.trace(entered[0].GetTraceId()).named("HandleUpdate:verify")
	require.Len(t, verified, 1)

	for _, s := range all {
		require.NotContains(t, s.GetName(), "healthz")
		require.Empty(t, s.GetEvents())
		require.Empty(t, s.GetStatus().GetMessage())
	}
	for line := range strings.Lines(logs.String()) {
		if strings.Contains(line, `"route":"/v1/registrations",`) {
			require.Contains(t, line, `"trace_id":"`+hex.EncodeToString(post.GetTraceId())+`"`)
			require.Contains(t, line, `"registration_id":"`+id+`"`)
		}
	}
	require.Contains(t, logs.String(), `"route":"/v1/registrations",`)
}

// requireDocumentedTrace checks that the spans in the tree of docs/tracing.md are in a trace. Names of providers depend on the settings.
func requireDocumentedTrace(t *testing.T, trace spans) {
	t.Helper()
	blocks, err := parts.ReadBlocks("../../docs/tracing.md")
	require.NoError(t, err)
	i := slices.IndexFunc(blocks, func(b parts.Block) bool { return b.Name == "trace" })
	require.GreaterOrEqual(t, i, 0)
	for line := range strings.Lines(blocks[i].Text) {
		name, _, _ := strings.Cut(strings.TrimLeft(line, "│├└─ "), "   ")
		if name = strings.TrimSpace(name); !strings.HasPrefix(name, "send: ") {
			require.NotEmpty(t, trace.named(name), name)
		}
	}
}

// TestTracesHoldNoPersonalData registers a user with failures whose texts have personal data. No span has any of it.
func TestTracesHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	c, logs, gate := newCollector(t), new(buffer), newGateReceiver(t)
	s, _, stop := startTraced(t, c, logs, "API_WAIT_BUDGET=4s", "GATE_URL="+gate.URL+"/?token="+gatewayToken, "GATE_SECRET="+gateSecret)
	form := distinctiveForm()
	id, codes := s.signUpWithFailures(t, form)
	secrets := slices.Concat(codes, s.secretsOf(t, form, id), []string{
		form.FirstName, form.LastName, form.Username, form.Email, form.Password, form.MobileNumber, correctedNumber, "$argon2id",
		gatewayToken, gate.URL, "Go-http-client", gateSecret, operatorToken, collectorKey, "550 no such user",
	})
	for _, path := range []string{"/v1/registrations/" + form.Username + "?email=" + form.Email, "/" + form.Username} {
		response, err := http.Get(s.stack.base + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusNotFound, response.StatusCode)
	}
	stop()

	exported := c.content()
	require.Contains(t, exported, id, "the search finds what was exported")
	require.Contains(t, exported, "RunActivity:SendOTP")
	require.Contains(t, exported, "unmatched")
	for _, text := range secrets {
		require.False(t, containsEncoded(exported, text), "%q was exported", text)
		require.False(t, containsEncoded(logs.String(), text), "%q is in the logs", text)
	}
	for _, text := range []string{s.stack.base, "127.0.0.1", "INSERT INTO", "SELECT *"} { // the logs have addresses, and slow statements without values
		require.False(t, containsEncoded(exported, text), "%q was exported", text)
	}
	all := c.spans()
	runs := slices.DeleteFunc(all.named("RunWorkflow:RegistrationWorkflow"), func(s *tracepb.Span) bool {
		return attributeOf(s, "temporalWorkflowID") != workflows.RegistrationWorkflowID(id)
	})
	require.Len(t, runs, 1)
	trace := all.trace(runs[0].GetTraceId())
	require.GreaterOrEqual(t, len(trace.named("RunActivity:SendOTP")), 3, "each attempt of a step is a span")
	require.Greater(t, len(trace.named("RunActivity:PersistUser")), 1)
	require.NotEmpty(t, trace.named("POST /v1/registrations"), "an answer 202 belongs to the trace too")
}

// TestTraceContinuesAfterARestart restarts the service while a registration waits for its code. The later steps belong to the same
// trace, below a span of the workflow that was exported once.
func TestTraceContinuesAfterARestart(t *testing.T) {
	t.Parallel()
	c, data, form := newCollector(t), t.TempDir(), newFormWithoutNumber()
	first, err := startStack(data, discardLogger(), c.settings())
	require.NoError(t, err)
	s := &testService{newTestClient(first.base), first}
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	require.NoError(t, first.stop())

	second, err := startStack(data, discardLogger(), c.settings())
	require.NoError(t, err)
	s = &testService{newTestClient(second.base), second}
	s.requireActive(t, id, code)
	s.awaitEnd(t, id)
	require.NoError(t, second.stop())

	all := c.spans()
	for _, once := range []string{"RunWorkflow:RegistrationWorkflow", "HandleUpdate:persisted", "HandleUpdate:verify"} {
		require.Len(t, all.named(once), 1, once)
	}
	require.Equal(t, []string{
		"RunActivity:ActivateUser", "StartActivity:ActivateUser",
		"RunWorkflow:RegistrationWorkflow", "UpdateWithStartWorkflow:persisted", "POST /v1/registrations",
	}, all.path(t, all.named("RunActivity:ActivateUser")[0]))
}

// TestHistoriesAreEqualWithoutTraces compares the histories of two registrations. Only that of the traced service has headers; apart
// from them both have the same events.
func TestHistoriesAreEqualWithoutTraces(t *testing.T) {
	t.Parallel()
	plain := eventsOf(t, startService(t))
	traced := eventsOf(t, startService(t, newCollector(t).settings()...))
	require.Equal(t, typesOf(plain), typesOf(traced))
	for _, e := range plain {
		require.False(t, hasHeader(e), "%s", e.GetEventType())
	}
	headers := 0
	for _, e := range traced {
		if hasHeader(e) {
			headers++
			require.Contains(t, e.String(), "_tracer-data")
		}
	}
	require.Greater(t, headers, 3)
}

// eventsOf registers a user without a number and returns the events of the workflow.
func eventsOf(t *testing.T, s *testService) []*history.HistoryEvent {
	t.Helper()
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	s.awaitEnd(t, id)
	var all []*history.HistoryEvent
	events := s.temporalClient(t).GetWorkflowHistory(t.Context(), workflows.RegistrationWorkflowID(id), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		all = append(all, event)
	}
	return all
}

// typesOf returns the types of the events apart from workflow tasks, whose number depends on timing.
func typesOf(events []*history.HistoryEvent) (types []string) {
	for _, e := range events {
		if name := e.GetEventType().String(); !strings.HasPrefix(name, "WorkflowTask") {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}

// header matches a header with a field in an event.
var header = regexp.MustCompile(`"header":\s*\{\s*"fields"`)

// hasHeader reports whether an event has a header with a field.
func hasHeader(e *history.HistoryEvent) bool { return header.MatchString(protojson.Format(e)) }
