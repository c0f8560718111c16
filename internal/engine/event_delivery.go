package engine

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"registrar/internal/event"
	"registrar/workflows"
)

// Replays starts and reads replays of events. It is safe for concurrent use.
type Replays struct {
	caller
	budgets     workflows.Budgets
	parkingTime time.Duration
}

// NewReplays returns the replays in the client's namespace. New ones have the budgets and the parking time of the policy.
func NewReplays(c client.Client, p workflows.Policy) *Replays {
	return &Replays{newCaller(c, "replay of events", 0), p.Budgets, p.ParkingTime}
}

// Start starts a replay, once for each id. r is from event.Replay.For. After ErrUnavailable, the replay may have started.
func (c *Replays) Start(ctx context.Context, id string, r event.Replay) error {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	o := onceOptions(workflows.EventDeliveryWorkflowID(id), "Replay of events")
	o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	in := workflows.EventDeliveryInput{
		ID: id, Filter: r.Filter, Undelivered: r.Undelivered, Endpoints: r.Endpoints, Budgets: c.budgets, ParkingTime: c.parkingTime,
	}
	_, err := c.client.ExecuteWorkflow(ctx, o, workflows.EventDeliveryWorkflowType, in)
	return c.translate("start", err)
}

// ReplayState is the current state of a replay.
type ReplayState struct {
	ID string
	workflows.EventDeliveryProgress
}

// Ended reports whether a replay delivers nothing more and cannot be retried.
func (s ReplayState) Ended() bool { return !s.EndedAt.IsZero() }

// Get returns the state of a replay. One that was cancelled or has failed has no endpoints while no worker answers. The errors are
// ErrNotFound and ErrUnavailable.
func (c *Replays) Get(ctx context.Context, id string) (ReplayState, error) {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	found := ReplayState{ID: id}
	run, err := c.describe(ctx, workflows.EventDeliveryWorkflowID(id))
	if err != nil {
		return found, err
	}
	if run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		err := c.result(ctx, run, &found.EventDeliveryProgress)
		return found, err
	}
	value, err := c.client.QueryWorkflow(ctx, run.GetExecution().GetWorkflowId(), "", workflows.QueryProgress)
	if err == nil {
		err = value.Get(&found.EventDeliveryProgress)
	}
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		return found, c.translate("query", err)
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		found.Status = workflows.ReplayCancelled
	default:
		found.Status = workflows.ReplayFailed
	}
	if found.EndedAt.IsZero() { // terminated, or no worker answers
		found.StartedAt, found.EndedAt = run.GetStartTime().AsTime(), run.GetCloseTime().AsTime()
	}
	return found, nil
}
