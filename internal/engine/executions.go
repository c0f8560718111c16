package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// ExecutionOptions are the settings of Executions.
type ExecutionOptions struct {
	Namespace string
	// EmailHashes returns the hashes of an address, under each key in use, in the search attribute EmailHash.
	EmailHashes func(canonical string) []string
	// StopTimeout is how long Stop waits for cancelled workflows before it terminates them. Default 30 s.
	StopTimeout time.Duration
}

// Executions finds, stops and deletes the workflows of users. It is safe for concurrent use.
type Executions struct {
	caller
	options ExecutionOptions
}

// NewExecutions returns the workflows in the client's namespace.
func NewExecutions(c client.Client, o ExecutionOptions) *Executions {
	o.StopTimeout = cmp.Or(o.StopTimeout, 30*time.Second)
	return &Executions{newCaller(c, "workflow", 0), o}
}

// Exists reports whether Temporal has the workflow of a registration.
func (e *Executions) Exists(ctx context.Context, registrationID string) (bool, error) {
	_, err := e.describe(ctx, workflows.RegistrationWorkflowID(registrationID))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// EndedOf returns the ended registrations of an address, 100 at most.
func (e *Executions) EndedOf(ctx context.Context, canonical string) ([]string, error) {
	query := fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus != 'Running' AND %s IN ('%s')",
		workflows.RegistrationWorkflowType, workflows.AttributeEmailHash, strings.Join(e.options.EmailHashes(canonical), "', '"))
	found, err := e.list(ctx, query)
	ids := make([]string, 0, len(found))
	for _, info := range found {
		ids = append(ids, strings.TrimPrefix(info.GetExecution().GetWorkflowId(), workflows.RegistrationWorkflowID("")))
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// Stop cancels the running workflows of a user and waits for their end. It terminates those that do not end in time. recent is
// true if one has ended so recently that a message may still be on its way to a provider.
func (e *Executions) Stop(ctx context.Context, erased workflows.Erased) (recent bool, err error) {
	runs, err := e.runsOf(ctx, erased)
	if err != nil {
		return false, err
	}
	var running []*workflow.WorkflowExecutionInfo
	for _, run := range runs {
		switch ended := run.GetCloseTime(); {
		case run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
			running = append(running, run)
		case ended != nil && time.Since(ended.AsTime()) < workflows.MessageTime:
			recent = true
		}
	}
	for _, run := range running {
		id := run.GetExecution()
		err := e.client.CancelWorkflow(ctx, id.GetWorkflowId(), id.GetRunId())
		if err = e.translate("cancel", err); err != nil && !errors.Is(err, ErrNotFound) {
			return true, err
		}
	}
	return recent || len(running) > 0, e.awaitEnds(ctx, running)
}

// awaitEnds waits until workflows have ended, and terminates them after the timeout.
func (e *Executions) awaitEnds(ctx context.Context, running []*workflow.WorkflowExecutionInfo) error {
	waiting, cancel := context.WithTimeout(ctx, e.options.StopTimeout)
	defer cancel()
	for _, run := range running {
		id := run.GetExecution()
		_ = e.client.GetWorkflow(waiting, id.GetWorkflowId(), id.GetRunId()).Get(waiting, nil) // it ends with an error
		if waiting.Err() == nil {
			continue
		}
		err := e.client.TerminateWorkflow(ctx, id.GetWorkflowId(), id.GetRunId(), "the user is erased, and the workflow did not end when it was cancelled")
		if err = e.translate("terminate", err); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// Delete deletes all workflows of a user with their histories, except erasures. The server deletes them a little later: Delete
// fails until they are gone.
func (e *Executions) Delete(ctx context.Context, erased workflows.Erased) error {
	runs, err := e.runsOf(ctx, erased)
	if err != nil {
		return err
	}
	left := 0
	for _, run := range runs {
		_, err := e.client.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: e.options.Namespace, WorkflowExecution: run.GetExecution(),
		})
		switch err = e.translate("delete", err); {
		case err == nil:
			left++
		case !errors.Is(err, ErrNotFound):
			return err
		}
	}
	if left > 0 {
		return fmt.Errorf("%w: %d workflows are being deleted", ErrUnavailable, left)
	}
	return nil
}

// runsOf returns all runs of the workflows of a user, except erasures.
func (e *Executions) runsOf(ctx context.Context, erased workflows.Erased) ([]*workflow.WorkflowExecutionInfo, error) {
	registrations := append([]string{erased.RegistrationID}, erased.Registrations...)
	var runs []*workflow.WorkflowExecutionInfo
	for _, id := range registrations {
		if id == "" {
			continue
		}
		for _, workflowID := range []string{
			workflows.RegistrationWorkflowID(id), workflows.EmailLinkWorkflowID(workflows.ActionConfirm, id),
			workflows.EmailLinkWorkflowID(workflows.ActionDisown, id),
		} {
			found, err := e.runs(ctx, workflowID)
			if err != nil {
				return nil, err
			}
			runs = append(runs, found...)
		}
	}
	if erased.UserID == "" {
		return runs, nil
	}
	changes, err := e.list(ctx, fmt.Sprintf("WorkflowId STARTS_WITH '%s'", workflows.UserChangeWorkflowID(erased.UserID, "")))
	if err != nil {
		return nil, err
	}
	own := workflows.ErasureWorkflowID(erased.UserID)
	return append(runs, slices.DeleteFunc(changes, func(run *workflow.WorkflowExecutionInfo) bool {
		return run.GetExecution().GetWorkflowId() == own
	})...), nil
}

// runs returns the runs of a workflow. The latest one is read from the workflow itself, because the list of runs lags behind.
func (e *Executions) runs(ctx context.Context, workflowID string) ([]*workflow.WorkflowExecutionInfo, error) {
	latest, err := e.describe(ctx, workflowID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	listed, listErr := e.list(ctx, fmt.Sprintf("WorkflowId = '%s'", workflowID))
	if listErr != nil || err != nil {
		return listed, listErr
	}
	same := func(run *workflow.WorkflowExecutionInfo) bool {
		return run.GetExecution().GetRunId() == latest.GetExecution().GetRunId()
	}
	return append(slices.DeleteFunc(listed, same), latest), nil
}

func (e *Executions) list(ctx context.Context, query string) ([]*workflow.WorkflowExecutionInfo, error) {
	listed, err := e.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: maxFound, Query: query})
	return listed.GetExecutions(), e.translate("search for", err)
}
