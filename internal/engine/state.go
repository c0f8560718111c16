package engine

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// State returns the state of a registration, running or ended. If no worker answers within the wait budget, it reads the
// result of an ended registration from the server, which takes up to a second more.
func (r *Registrations) State(ctx context.Context, registrationID string) (workflows.RegistrationState, error) {
	asking, cancel := r.withTimeout(ctx)
	defer cancel()
	s, err := r.query(asking, registrationID)
	if !errors.Is(err, ErrUnavailable) {
		return s, err
	}
	if ended, ok := r.ended(ctx, registrationID); ok {
		return workflows.RegistrationState{Outcome: ended.Outcome}, nil
	}
	return s, err
}

// query queries the workflow. It reads the result of a completed one, which costs no replay. A failed or terminated workflow
// still answers with its last state, but nothing advances it: its status is then failed unless it is final.
func (r *Registrations) query(ctx context.Context, registrationID string) (s workflows.RegistrationState, err error) {
	request := &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: workflows.RegistrationWorkflowID(registrationID), QueryType: workflows.QueryState,
		QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_OPEN,
	}
	answer, err := r.client.QueryWorkflowWithOptions(ctx, request)
	stopped := err == nil && answer.QueryRejected != nil
	if stopped && answer.QueryRejected.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		var result workflows.RegistrationResult
		err := r.client.GetWorkflow(ctx, request.WorkflowID, "").Get(ctx, &result)
		return workflows.RegistrationState{Outcome: result.Outcome}, r.translate("read the result of", err)
	}
	if stopped {
		request.QueryRejectCondition = enums.QUERY_REJECT_CONDITION_NONE
		answer, err = r.client.QueryWorkflowWithOptions(ctx, request)
	}
	if err == nil {
		err = answer.QueryResult.Get(&s)
	}
	if stopped && !s.Status.Final() {
		s.Status = workflows.StatusFailed
	}
	return s, r.translate("query", err)
}

// ended returns the result of a registration that has ended, within a second. If its workflow did not complete, the
// result has only a status.
func (r *Registrations) ended(ctx context.Context, registrationID string) (out workflows.RegistrationResult, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	run, err := r.describe(ctx, workflows.RegistrationWorkflowID(registrationID))
	if err != nil {
		return out, false
	}
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		err := r.result(ctx, run, &out)
		return out, err == nil
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return workflows.RegistrationResult{Outcome: workflows.Outcome{Status: workflows.StatusFailed}}, true
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return workflows.RegistrationResult{Outcome: workflows.Outcome{Status: workflows.StatusExpired}}, true
	default:
		return out, false
	}
}

// EmailConfirmed reports whether the email of a registration was confirmed by a link. It is false if Temporal does not answer
// within a second.
func (r *Registrations) EmailConfirmed(ctx context.Context, registrationID string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	run, err := r.describe(ctx, workflows.EmailLinkWorkflowID(workflows.ActionConfirm, registrationID))
	if err != nil || run.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return false
	}
	var out workflows.EmailLinkResult
	return r.result(ctx, run, &out) == nil && out.Outcome == workflows.LinkConfirmed
}
