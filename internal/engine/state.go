package engine

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// State returns the state of a registration, running or ended. When no worker answers within the wait budget, a
// registration that has ended is known by its result, which takes up to a second more.
func (r *Registrations) State(ctx context.Context, registrationID string) (workflows.RegistrationState, error) {
	asking, cancel := r.bound(ctx)
	defer cancel()
	s, err := r.query(asking, registrationID)
	if !errors.Is(err, ErrUnavailable) {
		return s, err
	}
	if ended, ok := r.ended(ctx, registrationID); ok {
		return workflows.RegistrationState{
			Status: ended.Status, UserID: ended.UserID, Refusal: ended.Refusal, Fingerprint: ended.Fingerprint,
			Verification: ended.Verification,
		}, nil
	}
	return s, err
}

// query asks the workflow. A terminated workflow still answers with its last state, but nothing advances it.
func (r *Registrations) query(ctx context.Context, registrationID string) (s workflows.RegistrationState, err error) {
	request := &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: workflows.RegistrationWorkflowID(registrationID), QueryType: workflows.QueryState,
		QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
	}
	answer, err := r.client.QueryWorkflowWithOptions(ctx, request)
	stopped := err == nil && answer.QueryRejected != nil
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
	return s, r.explain("query", err)
}

// ended returns how a registration ended, if it did, within a second. One that did not complete has only a status.
func (r *Registrations) ended(ctx context.Context, registrationID string) (out workflows.RegistrationResult, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	run, err := r.describe(ctx, workflows.RegistrationWorkflowID(registrationID))
	if err != nil {
		return out, false
	}
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return out, r.result(ctx, run, &out) == nil
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return workflows.RegistrationResult{Status: workflows.StatusFailed}, true
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return workflows.RegistrationResult{Status: workflows.StatusExpired}, true
	default:
		return out, false
	}
}
