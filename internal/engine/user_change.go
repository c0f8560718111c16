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

// Changes makes changes of stored users. It is safe for concurrent use.
type Changes struct{ caller }

// NewChanges returns the changes in the client's namespace. A call waits up to waitBudget for the change; 0 means 3 s.
func NewChanges(c client.Client, waitBudget time.Duration) *Changes {
	return &Changes{newCaller(c, "change of a user", waitBudget)}
}

// Change makes a change once and waits until it is made, but not for the delivery of its events. Calls with the same user and
// change id get the same result, also after the workflow has ended, unless it failed: then the change runs again. An erasure
// runs again after any end: its receipt says whether it is done. ErrUnconfirmed means that the change is durable and will take
// effect; after ErrUnavailable it may.
func (c *Changes) Change(ctx context.Context, in workflows.UserChangeInput) (out workflows.UserChangeResult, err error) {
	waiting, cancel := c.withTimeout(ctx)
	defer cancel()
	start := userChangeOptions(in)
	handle, err := c.client.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(start, workflows.UserChangeWorkflowType, in),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: start.ID, UpdateID: workflows.UpdateMade, UpdateName: workflows.UpdateMade,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(waiting, &out)
	}
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	_, refused := workflows.AsRefused(err)
	switch {
	case err == nil:
		return out, nil
	case errors.As(err, &exists): // the workflow ended before any call waited for the Update
		err = c.translate("read the result of", c.client.GetWorkflow(waiting, start.ID, "").Get(waiting, &out))
		return out, err
	case refused:
		return out, fmt.Errorf("%w: the change failed", ErrUnavailable)
	case isTemporary(err):
		return out, c.confirm(ctx, start, in)
	default:
		return out, c.translate("start", err)
	}
}

// confirm makes sure that a change is durable after a start without an answer. It starts the workflow again, which is harmless.
func (c *Changes) confirm(ctx context.Context, start client.StartWorkflowOptions, in workflows.UserChangeInput) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := c.client.ExecuteWorkflow(ctx, start, workflows.UserChangeWorkflowType, in); err != nil {
		return c.translate("confirm", err)
	}
	return ErrUnconfirmed
}

func userChangeOptions(in workflows.UserChangeInput) client.StartWorkflowOptions {
	o := onceOptions(workflows.UserChangeWorkflowID(in.UserID, in.ChangeID), fmt.Sprintf("Change of a user: %s", in.Kind))
	if in.Erases() {
		o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	}
	return o
}

// once runs a workflow once for each id, and waits for its result. See Changes.Change for the errors.
func (c caller) once(ctx context.Context, o client.StartWorkflowOptions, workflowType string, in, out any) error {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	run, err := c.client.ExecuteWorkflow(ctx, o, workflowType, in)
	if err != nil {
		return c.translate("start", err)
	}
	err = run.Get(ctx, out)
	switch _, failed := errors.AsType[*temporal.WorkflowExecutionError](err); {
	case err == nil:
		return nil
	case failed: // an operator ended it since, so the next call starts it again
		return fmt.Errorf("%w: the %s failed: %w", ErrUnavailable, c.kind, err)
	case isTemporary(err):
		return ErrUnconfirmed
	default:
		return fmt.Errorf("read the result of the %s: %w", c.kind, err)
	}
}

// onceOptions starts a workflow that runs once for each id, and again only after it failed.
func onceOptions(id, summary string) client.StartWorkflowOptions {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus)
	return client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                workflows.QueueRegistration,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		TypedSearchAttributes:    temporal.NewSearchAttributes(status.ValueSet(string(workflows.StatusAccepted))),
		StaticSummary:            summary,
	}
}
