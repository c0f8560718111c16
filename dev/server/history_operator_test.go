package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// Scenarios with actions of an operator.

// refuseMessages makes the provider refuse matching messages with a permanent error until the outage is over.
func (r *testService) refuseMessages(matches func(message.Message) bool) *outage {
	return r.breakProvider(matches, &message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "401"})
}

func isWelcome(m message.Message) bool { return m.Kind == message.KindWelcome }

// abandon sends the signal abandon to a failed registration and waits for its end.
func (r *testService) abandon(t *testing.T, id string) {
	t.Helper()
	operator, workflowID := r.temporalClient(t), workflows.RegistrationWorkflowID(id)
	awaitFound(t, operator, "RegistrationStatus='failed' AND WorkflowId='"+workflowID+"'", workflowID)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalAbandon, nil))
	require.Error(t, operator.GetWorkflow(t.Context(), workflowID, "").Get(t.Context(), nil))
}

func runAbandoned(t *testing.T, s *testService) string {
	form := newForm()
	s.refuseMessages(func(m message.Message) bool { return m.To == form.MobileNumber })
	id := s.mustRegister(t, form).RegistrationID
	s.abandon(t, id)
	return id
}

// runReset abandons a registration after its code was sent, and resets it. The new run sends the next code.
func runReset(t *testing.T, s *testService) string {
	form := newForm()
	broken := s.refuseMessages(func(m message.Message) bool { return m.To == form.Email && isWelcome(m) })
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	s.abandon(t, id)
	broken.over.Store(true)
	s.reset(t, id)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 2))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	return id
}

// reset resets an ended registration to its first workflow task, as operators' tools do.
func (r *testService) reset(t *testing.T, id string) {
	t.Helper()
	operator := r.temporalClient(t)
	workflowID := workflows.RegistrationWorkflowID(id)
	run, err := operator.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	_, err = operator.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: run.GetWorkflowExecutionInfo().GetExecution(), RequestId: id,
		Reason: "the provider is back", WorkflowTaskFinishEventId: firstTask(t, operator, workflowID),
		ResetReapplyExcludeTypes: []enums.ResetReapplyExcludeType{
			enums.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enums.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
		},
	})
	require.NoError(t, err)
}

// firstTask returns the id of the event that completed the first workflow task.
func firstTask(t *testing.T, c client.Client, workflowID string) int64 {
	t.Helper()
	events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return event.GetEventId()
		}
	}
	require.FailNow(t, "no completed workflow task")
	return 0
}

func runBudgetRaised(t *testing.T, s *testService) string {
	down := s.breakProvider(isCode, errNoConnection)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	workflowID := workflows.RegistrationWorkflowID(id)
	operator := s.temporalClient(t)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalBudget, "otp=1h"))
	await(t, "the first budget to be used up", func() (int, bool) {
		n := countScheduled(t, operator, workflowID, "SendOTP")
		return n, n == 2
	})
	down.over.Store(true)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	return id
}

func countScheduled(t *testing.T, c client.Client, workflowID, activity string) int {
	t.Helper()
	n := 0
	events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activity {
			n++
		}
	}
	return n
}

func runCancelled(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	require.NoError(t, s.temporalClient(t).CancelWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), ""))
	s.awaitStatus(t, id, openapi.StatusExpired)
	return id
}
