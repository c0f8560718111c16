package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/internal/engine"
	"registrar/workflows"
)

// trigger starts the workflow of a schedule now, as an operator does, and returns the workflow's id.
func (r *testService) trigger(t *testing.T, scheduleID, workflowType string) string {
	t.Helper()
	c := r.temporalClient(t)
	schedule := c.ScheduleClient().GetHandle(t.Context(), scheduleID)
	await(t, "the schedule", func() (bool, bool) {
		d, err := schedule.Describe(t.Context())
		return true, err == nil && len(d.Info.RunningWorkflows) == 0
	})
	before := r.workflowsOf(t, workflowType)
	require.NoError(t, schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	return await(t, workflowType, func() (string, bool) {
		all := r.workflowsOf(t, workflowType) // the newest first
		return all[0], len(all) > len(before)
	})
}

// workflowsOf returns the ids of the workflows of a type, the newest first, and then an empty one.
func (r *testService) workflowsOf(t *testing.T, workflowType string) []string {
	t.Helper()
	query := "WorkflowType = '" + workflowType + "'"
	listed, err := r.temporalClient(t).ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	require.NoError(t, err)
	var ids []string
	for _, e := range listed.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return append(ids, "")
}

// TestRetention triggers the schedule. A paused schedule stays paused when a worker updates it.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := startService(t)
	id := s.trigger(t, workflows.RetentionScheduleID, workflows.RetentionWorkflowType)
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
