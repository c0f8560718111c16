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

// makeChange runs a workflow that has UpdateMade, and waits until its change is made. See Changes.Change.
func (c caller) makeChange(ctx context.Context, start client.StartWorkflowOptions, workflowType string, in, out any) error {
	waiting, cancel := c.withTimeout(ctx)
	defer cancel()
	handle, err := c.client.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(start, workflowType, in),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: start.ID, UpdateID: workflows.UpdateMade, UpdateName: workflows.UpdateMade,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(waiting, out)
	}
	var (
		exists  *serviceerror.WorkflowExecutionAlreadyStarted
		unknown *temporal.ApplicationError
	)
	_, refused := workflows.AsRefused(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exists): // the workflow ended before any call waited for the Update
		return c.translate("read the result of", c.client.GetWorkflow(waiting, start.ID, "").Get(waiting, out))
	case refused:
		return fmt.Errorf("%w: the change failed", ErrUnavailable)
	case isTemporary(err), errors.As(err, &unknown): // a worker of an older release does not have the Update
		return c.confirm(ctx, start, workflowType, in)
	default:
		return c.translate("start", err)
	}
}

// confirm makes sure that a change is durable after a start without an answer. It starts the workflow again, which is harmless.
func (c caller) confirm(ctx context.Context, start client.StartWorkflowOptions, workflowType string, in any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := c.client.ExecuteWorkflow(ctx, start, workflowType, in); err != nil {
		return c.translate("confirm", err)
	}
	return ErrUnconfirmed
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
