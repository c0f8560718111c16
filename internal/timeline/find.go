package timeline

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
	"go.temporal.io/sdk/converter"

	"registrar/internal/user"
	"registrar/workflows"
)

const (
	// maxFound bounds a search. More registrations of one person are somebody's game.
	maxFound = 100
	// livePatience bounds all questions to running workflows together. Without workers nobody answers them.
	livePatience = 3 * time.Second
)

// Searcher is the part of a client.Client that registrations are searched with.
type Searcher interface {
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	QueryWorkflow(ctx context.Context, workflowID, runID, query string, args ...any) (converter.EncodedValue, error)
}

// Found is one run of a registration's workflow.
type Found struct {
	RegistrationID string                       `json:"registration_id"`
	RunID          string                       `json:"run_id"`
	Status         workflows.RegistrationStatus `json:"status"` // the search attribute
	Reason         workflows.FailureReason      `json:"reason,omitempty"`
	// LiveStatus is what a running workflow says itself, when the search attribute does not tell and it answers in time.
	LiveStatus     workflows.RegistrationStatus `json:"live_status,omitempty"`
	WorkflowStatus string                       `json:"workflow_status"` // Running, Completed, …
	Started        time.Time                    `json:"started"`         // UTC
	Closed         time.Time                    `json:"closed,omitzero"` // UTC
}

// FindByEmail lists the registrations of the email with one of those hashes, newest first, 100 at most.
func FindByEmail(ctx context.Context, s Searcher, hashes []string) ([]Found, error) {
	return find(ctx, s, fmt.Sprintf("%s IN ('%s')", workflows.AttributeEmailHash, strings.Join(hashes, "', '")))
}

// FindByID lists the runs of one registration, newest first, 100 at most. The id is a UUID.
func FindByID(ctx context.Context, s Searcher, registrationID string) ([]Found, error) {
	return find(ctx, s, fmt.Sprintf("WorkflowId = '%s'", workflows.RegistrationWorkflowID(registrationID)))
}

func find(ctx context.Context, s Searcher, query string) ([]Found, error) {
	listed, err := s.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: maxFound, Query: query})
	if err != nil {
		return nil, fmt.Errorf("search the workflows: %w", err)
	}
	found := make([]Found, 0, len(listed.GetExecutions()))
	for _, execution := range listed.GetExecutions() {
		found = append(found, fromExecution(execution))
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.RunID, b.RunID))
	})
	askRunning(ctx, s, found)
	return found, nil
}

func fromExecution(info *workflow.WorkflowExecutionInfo) Found {
	fields := info.GetSearchAttributes().GetIndexedFields()
	f := Found{
		RegistrationID: strings.TrimPrefix(info.GetExecution().GetWorkflowId(), workflows.RegistrationWorkflowID("")),
		RunID:          info.GetExecution().GetRunId(),
		Status:         workflows.RegistrationStatus(keyword(fields[workflows.AttributeStatus])),
		Reason:         workflows.FailureReason(keyword(fields[workflows.AttributeFailureReason])),
		WorkflowStatus: info.GetStatus().String(),
		Started:        info.GetStartTime().AsTime(),
	}
	if closed := info.GetCloseTime(); closed != nil {
		f.Closed = closed.AsTime()
	}
	return f
}

// askRunning asks the running workflows whose search attribute does not tell where they stand.
func askRunning(ctx context.Context, s Searcher, found []Found) {
	ctx, cancel := context.WithTimeout(ctx, livePatience)
	defer cancel()
	for i, f := range found {
		if f.WorkflowStatus != enums.WORKFLOW_EXECUTION_STATUS_RUNNING.String() || f.Status != workflows.StatusAccepted {
			continue
		}
		var state workflows.RegistrationState
		answer, err := s.QueryWorkflow(ctx, workflows.RegistrationWorkflowID(f.RegistrationID), f.RunID, workflows.QueryState)
		if err == nil && answer.Get(&state) == nil {
			found[i].LiveStatus = state.Status
		}
	}
}

// Account is a user.Account as JSON.
type Account struct {
	UserID          string      `json:"user_id"`
	RegistrationID  string      `json:"registration_id"` // the one that has the user now
	Status          user.Status `json:"status"`
	RequestedAt     time.Time   `json:"requested_at"`
	CreatedAt       time.Time   `json:"created_at"`
	VerifiedAt      time.Time   `json:"verified_at,omitzero"`
	EmailVerifiedAt time.Time   `json:"email_verified_at,omitzero"`
}

// FromAccount makes an Account for JSON.
func FromAccount(a user.Account) *Account { j := Account(a); return &j }
