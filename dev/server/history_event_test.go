package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/emaillink"
	"registrar/internal/message"
	"registrar/workflows"
)

const eventsSecret = "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cyE="

// receivedEvent is the body of a request with an event.
type receivedEvent struct {
	Type string
	Data struct {
		Sequence       int
		RegistrationID string `json:"registration_id"`
		Reason         string
	}
}

// eventReceiver receives events and verifies their signatures. While it is down, it answers 500.
type eventReceiver struct {
	*httptest.Server
	down  atomic.Bool
	tries atomic.Int64
	mu    sync.Mutex
	got   []receivedEvent
}

func startReceiver(t *testing.T) *eventReceiver {
	t.Helper()
	verifier, err := webhooks.NewWebhook(eventsSecret)
	require.NoError(t, err)
	r := &eventReceiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.tries.Add(1)
		body, err := io.ReadAll(request.Body)
		var e receivedEvent
		switch {
		case r.down.Load():
			w.WriteHeader(http.StatusInternalServerError)
		case err != nil, verifier.Verify(body, request.Header) != nil, json.Unmarshal(body, &e) != nil:
			w.WriteHeader(http.StatusBadRequest)
		default:
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got = append(r.got, e)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// settings are those of a service that sends its events to the receiver.
func (r *eventReceiver) settings(more ...string) []string {
	return append([]string{
		"EVENTS_URL=" + r.URL, "EVENTS_SECRET=" + eventsSecret, "EVENTS_ALLOW_PRIVATE=true", "PLAINTEXT_HOSTS=127.0.0.1",
	}, more...)
}

// types lists the received events of a registration in order.
func (r *eventReceiver) types(registrationID string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	types := []string{}
	for _, e := range r.got {
		if e.Data.RegistrationID == registrationID {
			types = append(types, e.Type)
		}
	}
	return types
}

func (r *eventReceiver) await(t *testing.T, registrationID string, want ...string) {
	t.Helper()
	await(t, "events", func() ([]string, bool) { got := r.types(registrationID); return got, slices.Equal(got, want) })
}

// eventScenarios are scenarios of a service with a receiver of events. run returns the id of the workflow whose history is checked.
var eventScenarios = []struct {
	name     string
	evidence string
	settings []string
	run      func(*testing.T, *testService, *eventReceiver) string
}{
	{"events_delivered", `"DeliverEvents"`, nil, runEventsDelivered},
	{"events_parked_and_retried", `"signalName": "retry"`, []string{"EVENTS_BUDGET=5s"}, runEventsParkedAndRetried},
	{"events_apart", `"markerName": "Version"`, nil, runEventsApart},
	{"events_expired", `"EVENT_TYPE_TIMER_FIRED"`, []string{"OTP_TTL=2s", "VERIFICATION_WINDOW=2s"}, runEventsExpired},
	{"events_cancelled", `"EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED"`, nil, runEventsCancelled},
	{"events_failed", `"EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"`, nil, runEventsFailed},
	{"events_abandoned", `"signalName": "abandon"`, []string{"EVENTS_BUDGET=5s"}, runEventsAbandoned},
	{"events_displaced", `"signalName": "superseded"`, nil, runEventsDisplaced},
	{"events_email_link", `"DeliverEvents"`, nil, runEventsEmailLink},
}

// TestHistoriesOfEvents replays the history of each scenario with the workflow's code.
func TestHistoriesOfEvents(t *testing.T) {
	t.Parallel()
	for _, scenario := range eventScenarios {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			r := startReceiver(t)
			s := startService(t, r.settings(scenario.settings...)...)
			s.checkHistory(t, scenario.name, scenario.run(t, s, r), scenario.evidence)
		})
	}
}

func runEventsDelivered(t *testing.T, s *testService, r *eventReceiver) string {
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	return workflows.RegistrationWorkflowID(id)
}

// runEventsApart keeps the receiver down for so long that the events of the activation restart the delivery.
func runEventsApart(t *testing.T, s *testService, r *eventReceiver) string {
	r.down.Store(true)
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	await(t, "attempts for 7 s", func() (int64, bool) { n := r.tries.Load(); return n, n >= 4 })
	s.requireActive(t, id, code)
	r.down.Store(false)
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	return workflows.RegistrationWorkflowID(id)
}

// runEventsParkedAndRetried keeps the receiver down until the delivery parks. It delays neither the code nor the activation, and
// the user sees nothing of it.
func runEventsParkedAndRetried(t *testing.T, s *testService, r *eventReceiver) string {
	r.down.Store(true)
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	s.awaitReason(t, id, workflows.ReasonEventUndelivered)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	s.requireActive(t, id, code)
	require.Equal(t, openapi.StatusActive, s.get(t, id).Status)
	require.Empty(t, r.types(id))
	r.down.Store(false)
	s.signal(t, id, workflows.SignalRetry)
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	return workflows.RegistrationWorkflowID(id)
}

func runEventsExpired(t *testing.T, s *testService, r *eventReceiver) string {
	id := s.mustRegister(t, newForm()).RegistrationID
	r.await(t, id, "user.registered", "user.expired")
	return workflows.RegistrationWorkflowID(id)
}

func runEventsCancelled(t *testing.T, s *testService, r *eventReceiver) string {
	id := runCancelled(t, s)
	r.await(t, id, "user.registered", "user.expired")
	return workflows.RegistrationWorkflowID(id)
}

func runEventsFailed(t *testing.T, s *testService, r *eventReceiver) string {
	id := runAbandoned(t, s)
	r.await(t, id, "user.registered", "registration.failed")
	return workflows.RegistrationWorkflowID(id)
}

// runEventsAbandoned abandons the delivery of an active user's events.
func runEventsAbandoned(t *testing.T, s *testService, r *eventReceiver) string {
	r.down.Store(true)
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	s.awaitReason(t, id, workflows.ReasonEventUndelivered)
	require.Equal(t, openapi.StatusActive, s.get(t, id).Status)
	s.signal(t, id, workflows.SignalAbandon)
	return workflows.RegistrationWorkflowID(id)
}

func runEventsDisplaced(t *testing.T, s *testService, r *eventReceiver) string {
	pending, proven := s.proveFirst(t)
	r.await(t, proven, "user.registered", "user.activated", "user.email_confirmed")
	r.await(t, pending, "user.registered", "user.expired")
	return workflows.RegistrationWorkflowID(proven)
}

func runEventsEmailLink(t *testing.T, s *testService, r *eventReceiver) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.ConfirmPath, form.Email, id), http.StatusOK, titleConfirmed)
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	return workflows.EmailLinkWorkflowID(workflows.ActionConfirm, id)
}

// awaitReason waits until a registration waits for an operator.
func (r *testService) awaitReason(t *testing.T, id string, want workflows.FailureReason) {
	t.Helper()
	c := r.temporalClient(t)
	await(t, string(want), func() (workflows.FailureReason, bool) {
		value, err := c.QueryWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", workflows.QueryState)
		require.NoError(t, err)
		var state workflows.RegistrationState
		require.NoError(t, value.Get(&state))
		return state.Reason, state.Reason == want
	})
}

func (r *testService) signal(t *testing.T, id, name string) {
	t.Helper()
	require.NoError(t, r.temporalClient(t).SignalWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", name, nil))
}

// TestReceiverDownDelaysNoUser times a registration with a receiver that answers 500, and the cost of events in the history.
func TestReceiverDownDelaysNoUser(t *testing.T) {
	t.Parallel()
	r := startReceiver(t)
	s := startService(t, r.settings()...)
	r.down.Store(true)
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	require.Empty(t, r.types(id))
	require.Equal(t, openapi.StatusActive, s.get(t, id).Status)
	r.down.Store(false)
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	s.awaitEnd(t, id)
	require.Greater(t, r.tries.Load(), int64(3))

	without := shared(t)
	bare := runHappyEmail(t, without)
	without.awaitEnd(t, bare)
	quick := newFormWithoutNumber()
	up := s.mustRegister(t, quick).RegistrationID
	s.requireActive(t, up, s.awaitCode(t, quick.Email, 1))
	s.awaitEnd(t, up)
	with, bareSize := s.historySize(t, up), without.historySize(t, bare)
	t.Logf("without an endpoint: %+v; with one: %+v", bareSize, with)
	require.LessOrEqual(t, with.events-bareSize.events, int64(12))
}

// historySize is what a registration costs in Temporal.
type historySize struct{ events, transitions, bytes int64 }

func (r *testService) historySize(t *testing.T, id string) historySize {
	t.Helper()
	described, err := r.temporalClient(t).DescribeWorkflowExecution(t.Context(), workflows.RegistrationWorkflowID(id), "")
	require.NoError(t, err)
	info := described.GetWorkflowExecutionInfo()
	return historySize{info.GetHistoryLength(), info.GetStateTransitionCount(), info.GetHistorySizeBytes()}
}
