package engine

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

// EmailLink runs a link of the welcome email, once for each action and registration, and waits for its result. Calls for the
// same link get the same result, also after the workflow has ended, unless it failed: then the link runs again.
// ErrUnconfirmed means that the link is durable and will take effect; after ErrUnavailable it may.
func (r *Registrations) EmailLink(ctx context.Context, in workflows.EmailLinkInput) (out workflows.EmailLinkResult, err error) {
	ctx, cancel := r.withTimeout(ctx)
	defer cancel()
	run, err := r.client.ExecuteWorkflow(ctx, emailLinkOptions(in), workflows.EmailLinkWorkflowType, in)
	if err != nil {
		return out, r.translate("run a link of", err)
	}
	err = run.Get(ctx, &out)
	switch _, failed := errors.AsType[*temporal.WorkflowExecutionError](err); {
	case err == nil:
		return out, nil
	case failed: // an operator ended it since, so the next call starts it again
		return out, fmt.Errorf("%w: the link failed: %w", ErrUnavailable, err)
	case isTemporary(err):
		return out, ErrUnconfirmed
	default:
		return out, fmt.Errorf("read the result of a link: %w", err)
	}
}

func emailLinkOptions(in workflows.EmailLinkInput) client.StartWorkflowOptions {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus)
	return client.StartWorkflowOptions{
		ID:                       workflows.EmailLinkWorkflowID(in.Action, in.RegistrationID),
		TaskQueue:                workflows.QueueRegistration,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		TypedSearchAttributes:    temporal.NewSearchAttributes(status.ValueSet(string(workflows.StatusAccepted))),
		StaticSummary:            fmt.Sprintf("Link of the welcome email: %s", in.Action),
	}
}
