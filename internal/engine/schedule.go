package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

// schedule is a schedule that starts a workflow without an input. The workflow's id begins with the schedule's.
type schedule struct {
	id, workflowType, kind string
	spec                   client.ScheduleSpec
}

// retentionSchedule starts the retention once an hour, but not at the full hour, when other jobs start.
var retentionSchedule = schedule{
	workflows.RetentionScheduleID, workflows.RetentionWorkflowType, "retention", client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour, Offset: 17 * time.Minute}}, Jitter: 5 * time.Minute,
	},
}

// sweepSchedule starts the sweep of undelivered events every 5 minutes.
var sweepSchedule = schedule{
	workflows.EventSweepScheduleID, workflows.EventSweepWorkflowType, "sweep of undelivered events", client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: 5 * time.Minute, Offset: 2 * time.Minute}}, Jitter: 30 * time.Second,
	},
}

// ScheduleRetention creates the schedule of RetentionWorkflow, or updates what it runs and when. A schedule that an operator has
// paused stays paused.
func ScheduleRetention(ctx context.Context, c client.Client) error {
	return retentionSchedule.ensure(ctx, c)
}

// ScheduleEventSweep does the same for EventSweepWorkflow. Without endpoints for events, it deletes the schedule.
func ScheduleEventSweep(ctx context.Context, c client.Client, endpoints int) error {
	if endpoints > 0 {
		return sweepSchedule.ensure(ctx, c)
	}
	return sweepSchedule.delete(ctx, c)
}

func (s schedule) ensure(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.id, Spec: s.spec, Action: s.action(), Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = s.update(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("schedule the %s: %w", s.kind, err)
	}
	return nil
}

func (s schedule) update(ctx context.Context, c client.Client) error {
	return c.ScheduleClient().GetHandle(ctx, s.id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			updated := in.Description.Schedule
			updated.Spec, updated.Action = &s.spec, s.action()
			return &client.ScheduleUpdate{Schedule: &updated}, nil
		},
	})
}

func (s schedule) delete(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	err := c.ScheduleClient().GetHandle(ctx, s.id).Delete(ctx)
	if _, none := errors.AsType[*serviceerror.NotFound](err); err == nil || none {
		return nil
	}
	return fmt.Errorf("end the schedule of the %s: %w", s.kind, err)
}

func (s schedule) action() *client.ScheduleWorkflowAction {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus)
	return &client.ScheduleWorkflowAction{
		ID: s.id, Workflow: s.workflowType, TaskQueue: workflows.QueueRegistration, WorkflowTaskTimeout: taskTimeout,
		TypedSearchAttributes: temporal.NewSearchAttributes(status.ValueSet(string(workflows.StatusAccepted))),
	}
}
