package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"registrar/workflows"
)

const (
	// maxFound bounds the results of one search. Real users have far fewer registrations.
	maxFound = 100
	// findQueryTimeout bounds all queries to running workflows of one search together. Without workers, no query is answered.
	findQueryTimeout = 3 * time.Second
)

// Found is one run of a registration's workflow.
type Found struct {
	RegistrationID string                       `json:"registration_id"`
	RunID          string                       `json:"run_id"`
	Status         workflows.RegistrationStatus `json:"status"` // the search attribute
	Reason         workflows.FailureReason      `json:"reason,omitempty"`
	// LiveStatus is the status that a running workflow returned. The workflow is queried only if the search attribute is
	// accepted. LiveStatus is empty if it was not queried or did not answer in time.
	LiveStatus     workflows.RegistrationStatus `json:"live_status,omitempty"`
	WorkflowStatus string                       `json:"workflow_status"` // Running, Completed, …
	Started        time.Time                    `json:"started"`         // UTC
	Closed         time.Time                    `json:"closed,omitzero"` // UTC
}

// FindByEmail lists the registrations of the address with one of those hashes, newest first, 100 at most.
func (r *Registrations) FindByEmail(ctx context.Context, hashes []string) ([]Found, error) {
	return r.find(ctx, fmt.Sprintf("%s IN ('%s')", workflows.AttributeEmailHash, strings.Join(hashes, "', '")))
}

// FindByID lists the runs of one registration, newest first, 100 at most. The id is a UUID.
func (r *Registrations) FindByID(ctx context.Context, registrationID string) ([]Found, error) {
	return r.find(ctx, fmt.Sprintf("WorkflowId = '%s'", workflows.RegistrationWorkflowID(registrationID)))
}

func (r *Registrations) find(ctx context.Context, query string) ([]Found, error) {
	listed, err := r.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: maxFound, Query: query})
	if err != nil {
		return nil, r.translate("search for", err)
	}
	found := make([]Found, 0, len(listed.GetExecutions()))
	for _, execution := range listed.GetExecutions() {
		found = append(found, fromExecution(execution))
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.RunID, b.RunID))
	})
	r.queryRunning(ctx, found)
	return found, nil
}

func fromExecution(info *workflow.WorkflowExecutionInfo) Found {
	fields := info.GetSearchAttributes().GetIndexedFields()
	f := Found{
		RegistrationID: strings.TrimPrefix(info.GetExecution().GetWorkflowId(), workflows.RegistrationWorkflowID("")),
		RunID:          info.GetExecution().GetRunId(),
		Status:         workflows.RegistrationStatus(Keyword(fields[workflows.AttributeStatus])),
		Reason:         workflows.FailureReason(Keyword(fields[workflows.AttributeFailureReason])),
		WorkflowStatus: info.GetStatus().String(),
		Started:        info.GetStartTime().AsTime(),
	}
	if closed := info.GetCloseTime(); closed != nil {
		f.Closed = closed.AsTime()
	}
	return f
}

// queryRunning queries the running workflows whose search attribute is still "accepted", and sets their LiveStatus.
func (r *Registrations) queryRunning(ctx context.Context, found []Found) {
	ctx, cancel := context.WithTimeout(ctx, findQueryTimeout)
	defer cancel()
	for i, f := range found {
		if f.WorkflowStatus != enums.WORKFLOW_EXECUTION_STATUS_RUNNING.String() || f.Status != workflows.StatusAccepted {
			continue
		}
		var state workflows.RegistrationState
		answer, err := r.client.QueryWorkflow(ctx, workflows.RegistrationWorkflowID(f.RegistrationID), f.RunID, workflows.QueryState)
		if err == nil && answer.Get(&state) == nil {
			found[i].LiveStatus = state.Status
		}
	}
}
