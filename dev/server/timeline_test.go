package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

const adminToken = "token-of-the-operators"

// timeline reads a registration's timeline as an operator does.
func (s *testClient) timeline(t *testing.T, id string) openapi.Timeline {
	t.Helper()
	a := s.mustCall(t, http.MethodGet, "/v1/admin/registrations/"+id+"/timeline", nil, "Authorization", "Bearer "+adminToken)
	return decode[openapi.Timeline](t, a, http.StatusOK)
}

// fact is the part of an entry that tests compare.
type fact struct {
	event  openapi.TimelineEntryEvent
	step   string
	reason string
}

func factsOf(l openapi.Timeline) []fact {
	var all []fact
	for _, e := range l.Entries {
		all = append(all, fact{e.Event, e.Step, e.Reason})
	}
	return all
}

// requireInOrder requires that got contains the wanted facts in this order, possibly with others between them.
func requireInOrder(t *testing.T, got []fact, want ...fact) {
	t.Helper()
	rest := got
	for _, f := range want {
		at := slices.Index(rest, f)
		require.GreaterOrEqual(t, at, 0, "%v is missing, or too early, in %v", f, got)
		rest = rest[at+1:]
	}
}

func count(l openapi.Timeline, event openapi.TimelineEntryEvent) int {
	n := 0
	for _, e := range l.Entries {
		if e.Event == event {
			n++
		}
	}
	return n
}

// find returns the first entry of an event.
func find(t *testing.T, l openapi.Timeline, event openapi.TimelineEntryEvent) openapi.TimelineEntry {
	t.Helper()
	at := slices.IndexFunc(l.Entries, func(e openapi.TimelineEntry) bool { return e.Event == event })
	require.GreaterOrEqual(t, at, 0, "no %s", event)
	return l.Entries[at]
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	s := startService(t, "ADMIN_TOKEN="+adminToken)
	form := distinctiveForm()
	path := "/v1/admin/registrations/0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01/timeline"
	requireProblem(t, s.mustCall(t, http.MethodGet, path, nil), http.StatusUnauthorized, openapi.ProblemCodeUnauthorized)
	requireProblem(t, s.mustCall(t, http.MethodGet, path, nil, "Authorization", "Bearer "+adminToken),
		http.StatusNotFound, openapi.ProblemCodeNotFound)

	down := s.breakProvider(isCode, &message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "20003"})
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, openapi.StatusFailed)
	parked := s.timeline(t, id)
	require.True(t, parked.WorkflowRetained && parked.LedgerAvailable && !parked.Truncated)
	require.Equal(t, openapi.TimelineUserStatusPendingVerification, parked.UserStatus)
	requireInOrder(t, factsOf(parked),
		fact{openapi.TimelineEntryEventAccepted, "", ""},
		fact{openapi.TimelineEntryEventStepFailed, "SendOTP", "sms_misconfigured"},
		fact{openapi.TimelineEntryEventStatusChanged, "", "sms_misconfigured"},
		fact{openapi.TimelineEntryEventParked, "wait for an operator: send the code", ""})
	failed := find(t, parked, openapi.TimelineEntryEventTryFailed)
	require.Equal(t, []any{"outbox", "20003", 1}, []any{failed.Provider, failed.Code, failed.Attempt})
	require.Equal(t, "outbox: misconfigured (20003)", find(t, parked, openapi.TimelineEntryEventStepFailed).Detail)

	down.over.Store(true)
	operator := s.temporalClient(t)
	workflowID := workflows.RegistrationWorkflowID(id)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, "account topped up"))
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.awaitStatus(t, id, openapi.StatusPendingVerification)
	requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	s.requireActive(t, id, code)
	s.awaitEnd(t, id)
	whole := s.timeline(t, id)
	require.Equal(t, openapi.TimelineUserStatusActive, whole.UserStatus)
	requireInOrder(t, factsOf(whole),
		fact{openapi.TimelineEntryEventAccepted, "", ""},
		fact{openapi.TimelineEntryEventStatusChanged, "", "sms_misconfigured"},
		fact{openapi.TimelineEntryEventParked, "wait for an operator: send the code", ""},
		fact{openapi.TimelineEntryEventRetry, "", "account topped up"},
		fact{openapi.TimelineEntryEventStepCompleted, "SendOTP", ""},
		fact{openapi.TimelineEntryEventCodeWrong, "", ""},
		fact{openapi.TimelineEntryEventCodeRight, "", ""},
		fact{openapi.TimelineEntryEventStepCompleted, "SendCompletionSMS", ""},
		fact{openapi.TimelineEntryEventRunCompleted, "", ""})
	require.NotEmpty(t, find(t, whole, openapi.TimelineEntryEventRetry).By)
	require.Equal(t, 3, count(whole, openapi.TimelineEntryEventMessageTaken))
	require.NotEmpty(t, find(t, whole, openapi.TimelineEntryEventMessageTaken).MessageID)

	text := string(s.mustCall(t, http.MethodGet, "/v1/admin/registrations/"+id+"/timeline", nil,
		"Authorization", "Bearer "+adminToken).body)
	for _, p := range []string{form.FirstName, form.LastName, form.Username, form.Email, form.Password, form.MobileNumber, code} {
		require.False(t, containsEncoded(text, p), "%q is in the timeline", p)
	}
}

// An operator resets a running registration. The signal received before the reset is reapplied.
func TestTimelineOfReset(t *testing.T) {
	t.Parallel()
	s := startService(t, "ADMIN_TOKEN="+adminToken)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	operator, workflowID := s.temporalClient(t), workflows.RegistrationWorkflowID(id)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, nil))
	first := find(t, s.timeline(t, id), openapi.TimelineEntryEventAccepted).RunID
	_, err := operator.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, Reason: "for the audit", WorkflowTaskFinishEventId: 4, RequestId: "audit", Identity: "operator@ops-1",
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID, RunId: first},
	})
	require.NoError(t, err)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 2))
	s.awaitEnd(t, id)

	l := s.timeline(t, id)
	require.Equal(t, 1, count(l, openapi.TimelineEntryEventAccepted), "an event of both runs is listed once")
	require.Equal(t, 1, count(l, openapi.TimelineEntryEventRunCompleted))
	reset := find(t, l, openapi.TimelineEntryEventReset)
	require.NotEqual(t, first, reset.RunID)
	require.Equal(t, "of run "+first, reset.Detail)
	require.Contains(t, reset.Reason, "for the audit")
	require.NotEmpty(t, reset.By)
	ended := find(t, l, openapi.TimelineEntryEventTerminated)
	require.Equal(t, first, ended.RunID)
	require.Contains(t, ended.Reason, "for the audit")
	require.Equal(t, 2, count(l, openapi.TimelineEntryEventRetry))
	again := slices.IndexFunc(l.Entries, func(e openapi.TimelineEntry) bool {
		return e.Event == openapi.TimelineEntryEventRetry && e.RunID == reset.RunID
	})
	require.Equal(t, "reapplied by the reset", l.Entries[again].Detail)
}

// Operators find a user's registrations by the email address in any case.
func TestFindRegistrationByEmail(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	keys, err := s.stack.openKeys()
	require.NoError(t, err)
	_, canonical, err := user.ParseEmail(strings.ToUpper(form.Email))
	require.NoError(t, err)
	operator := engine.NewRegistrations(s.temporalClient(t), engine.RegistrationOptions{})
	found := await(t, "visibility", func() ([]engine.Found, bool) {
		found, err := operator.FindByEmail(t.Context(), keys.Ring.EmailHashes(canonical))
		require.NoError(t, err)
		return found, len(found) == 1
	})
	require.Equal(t, id, found[0].RegistrationID)
	require.Equal(t, workflows.StatusAccepted, found[0].Status)
	require.Equal(t, workflows.StatusPending, found[0].LiveStatus)
	require.Equal(t, "Running", found[0].WorkflowStatus)
	byID, err := operator.FindByID(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, found, byID)
}
