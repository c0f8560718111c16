package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/internal/engine"
	"registrar/workflows"
)

// triggerRetention starts the retention now, as an operator does, and returns the id of its workflow.
func (r *testService) triggerRetention(t *testing.T) string {
	t.Helper()
	c := r.temporalClient(t)
	schedule := c.ScheduleClient().GetHandle(t.Context(), workflows.RetentionScheduleID)
	await(t, "the schedule", func() (bool, bool) {
		_, err := schedule.Describe(t.Context())
		return true, err == nil
	})
	require.NoError(t, schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	started := await(t, "the retention", func() (*workflow.WorkflowExecutionInfo, bool) {
		listed, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'RetentionWorkflow'"})
		require.NoError(t, err)
		if len(listed.GetExecutions()) == 0 {
			return nil, false
		}
		return listed.GetExecutions()[0], true
	})
	return started.GetExecution().GetWorkflowId()
}

// TestRetention triggers the schedule. A paused schedule stays paused when a worker updates it.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := startService(t)
	id := s.triggerRetention(t)
	s.checkHistory(t, "retention", id, `"DeleteExpired"`)
	var out workflows.RetentionResult
	c := s.temporalClient(t)
	require.NoError(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), &out))
	require.Empty(t, out.Deleted)

	schedule := c.ScheduleClient().GetHandle(t.Context(), workflows.RetentionScheduleID)
	require.NoError(t, schedule.Pause(t.Context(), client.SchedulePauseOptions{Note: "maintenance"}))
	require.NoError(t, engine.ScheduleRetention(t.Context(), c))
	described, err := schedule.Describe(t.Context())
	require.NoError(t, err)
	require.True(t, described.Schedule.State.Paused)
}
