package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

// retentionSpec starts the retention once an hour, but not at the full hour, when other jobs start.
var retentionSpec = client.ScheduleSpec{
	Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour, Offset: 17 * time.Minute}},
	Jitter:    5 * time.Minute,
}

// ScheduleRetention creates the schedule of RetentionWorkflow, or updates what it runs and when. A schedule that an operator has
// paused stays paused.
func ScheduleRetention(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: workflows.RetentionScheduleID, Spec: retentionSpec, Action: retentionAction(), Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = updateRetention(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("schedule the retention: %w", err)
	}
	return nil
}

func updateRetention(ctx context.Context, c client.Client) error {
	return c.ScheduleClient().GetHandle(ctx, workflows.RetentionScheduleID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			s := in.Description.Schedule
			s.Spec, s.Action = &retentionSpec, retentionAction()
			return &client.ScheduleUpdate{Schedule: &s}, nil
		},
	})
}

func retentionAction() *client.ScheduleWorkflowAction {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus)
	return &client.ScheduleWorkflowAction{
		ID: workflows.RetentionScheduleID, Workflow: workflows.RetentionWorkflowType, TaskQueue: workflows.QueueRegistration,
		WorkflowTaskTimeout:   taskTimeout,
		TypedSearchAttributes: temporal.NewSearchAttributes(status.ValueSet(string(workflows.StatusAccepted))),
	}
}
