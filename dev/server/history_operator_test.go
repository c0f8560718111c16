package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/api"
	"registrar/internal/message"
	"registrar/workflows"
)

// The stories in which an operator takes part.

// refused makes the provider refuse messages for good until the outage is over.
func (r *running) refused(matches func(message.Message) bool) *outage {
	return r.breakProvider(matches, &message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "401"})
}

func isWelcome(m message.Message) bool { return m.Kind == message.KindWelcome }

// giveUp abandons a registration that has failed.
func (r *running) giveUp(t *testing.T, id string) {
	t.Helper()
	operator, workflowID := r.temporalClient(t), workflows.RegistrationWorkflowID(id)
	awaitFound(t, operator, "RegistrationStatus='failed' AND WorkflowId='"+workflowID+"'", workflowID)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalAbandon, nil))
	require.Error(t, operator.GetWorkflow(t.Context(), workflowID, "").Get(t.Context(), nil))
}

func tellAbandoned(t *testing.T, s *running) string {
	form := somebody()
	s.refused(func(m message.Message) bool { return m.To == form.MobileNumber })
	id := s.mustRegister(t, form).RegistrationID
	s.giveUp(t, id)
	return id
}

// tellReset gives up a registration whose code is out, and resets it: the next code is sent.
func tellReset(t *testing.T, s *running) string {
	form := somebody()
	broken := s.refused(func(m message.Message) bool { return m.To == form.Email && isWelcome(m) })
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	s.giveUp(t, id)
	broken.over.Store(true)
	s.reset(t, id)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 2))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	return id
}

// reset starts a registration that has ended anew, as operators' tools do.
func (r *running) reset(t *testing.T, id string) {
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

// firstTask is the event with which the first workflow task ended.
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
	require.FailNow(t, "no workflow task has ended")
	return 0
}

func tellBudgetRaised(t *testing.T, s *running) string {
	down := s.breakProvider(isCode, errNoConnection)
	form := somebody()
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

func tellCancelled(t *testing.T, s *running) string {
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	require.NoError(t, s.temporalClient(t).CancelWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), ""))
	s.awaitStatus(t, id, api.StatusExpired)
	return id
}
