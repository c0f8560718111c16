package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/internal/user"
	"registrar/workflows"
)

// ErrNotFound means that neither Temporal nor the user database knows the registration.
var ErrNotFound = errors.New("no such registration")

// What one reading does at most. An honest registration has a run or two of some 50 events.
const (
	maxRuns        = 20
	maxEvents      = 20_000 // of all runs together
	ledgerPatience = 3 * time.Second
)

// Temporal is the part of a client.Client that histories are read with.
type Temporal interface {
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowHistory(ctx context.Context, workflowID, runID string, longPoll bool, filter enums.HistoryEventFilterType) client.HistoryEventIterator
}

// Reader reads timelines. It is safe for concurrent use.
type Reader struct {
	Temporal   Temporal
	Ledger     Ledger
	Converters Converters
	Now        func() time.Time // nil: time.Now
}

// Timeline is what is known of a registration, oldest first. What goes on now comes last.
type Timeline struct {
	RegistrationID string      `json:"registration_id"`
	UserID         string      `json:"user_id,omitempty"`     // while the registration has a user
	UserStatus     user.Status `json:"user_status,omitempty"` // likewise
	// WorkflowRetained is false when Temporal has forgotten the workflow: only the ledger speaks.
	WorkflowRetained bool `json:"workflow_retained"`
	// LedgerAvailable is false when the database did not answer: only the workflow speaks. LedgerError says why.
	LedgerAvailable bool  `json:"ledger_available"`
	LedgerError     error `json:"-"`
	// Truncated is true when there were more runs or events than one reading takes.
	Truncated bool    `json:"truncated"`
	Entries   []Entry `json:"entries"`
}

// ParseID returns the registration's id, a UUID, of what is that or the id of its workflow.
func ParseID(s string) (string, bool) {
	id, err := uuid.Parse(strings.TrimPrefix(s, workflows.RegistrationWorkflowID("")))
	return id.String(), err == nil
}

// Read reads a registration's timeline within ctx's deadline. The database may be away; Temporal may not. ErrNotFound
// means that nobody knows the registration.
func (r Reader) Read(ctx context.Context, registrationID string) (Timeline, error) {
	id, ok := ParseID(registrationID)
	if !ok {
		return Timeline{}, ErrNotFound
	}
	t := Timeline{RegistrationID: id}
	asked := make(chan ledgerPart, 1)
	go func() { asked <- readLedger(ctx, r.Ledger, t.RegistrationID) }()
	err := r.readWorkflow(ctx, &t)
	ledger := <-asked
	switch {
	case err != nil:
		return Timeline{}, err
	case !t.WorkflowRetained && ledger.err != nil:
		return Timeline{}, ledger.err
	case !t.WorkflowRetained && len(ledger.entries) == 0:
		return Timeline{}, ErrNotFound
	}
	t.UserID, t.UserStatus = ledger.account.UserID, ledger.account.Status
	t.LedgerAvailable, t.LedgerError = ledger.err == nil, ledger.err
	t.Entries = append(t.Entries, ledger.entries...)
	byTime(t.Entries)
	return t, nil
}

// readWorkflow adds what Temporal knows: every run that it still has, and what goes on now.
func (r Reader) readWorkflow(ctx context.Context, t *Timeline) error {
	workflowID := workflows.RegistrationWorkflowID(t.RegistrationID)
	ids, err := r.listRuns(ctx, t, workflowID)
	if err != nil {
		return err
	}
	current, err := r.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("describe the workflow: %w", err)
	}
	// Visibility lags behind: the current run may not be listed yet.
	currentID := current.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	if currentID != "" && !slices.Contains(ids, currentID) {
		ids = append(ids, currentID)
	}
	var runs []run
	left := maxEvents
	for _, id := range ids {
		events, err := r.history(ctx, workflowID, id, left)
		if isNotFound(err) { // listed still, but gone
			continue
		}
		if err != nil {
			return fmt.Errorf("read the history of run %s: %w", id, err)
		}
		left -= len(events)
		t.Truncated = t.Truncated || left == 0
		runs = append(runs, run{id, events})
	}
	t.WorkflowRetained = len(runs) > 0
	t.Entries = append(fromRuns(runs, r.Converters),
		fromPending(current.GetPendingActivities(), currentID, r.now(), r.Converters)...)
	return nil
}

// listRuns returns the ids of the runs that visibility knows.
func (r Reader) listRuns(ctx context.Context, t *Timeline, workflowID string) ([]string, error) {
	listed, err := r.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: maxRuns, Query: fmt.Sprintf("WorkflowId = '%s'", workflowID),
	})
	if err != nil {
		return nil, fmt.Errorf("list the workflow's runs: %w", err)
	}
	var ids []string
	for _, execution := range listed.GetExecutions() {
		ids = append(ids, execution.GetExecution().GetRunId())
	}
	if len(ids) > maxRuns {
		ids = ids[:maxRuns]
	}
	t.Truncated = len(listed.GetNextPageToken()) > 0 && len(ids) == maxRuns
	return ids, nil
}

// history reads the first events of a run, page by page.
func (r Reader) history(ctx context.Context, workflowID, runID string, most int) ([]*history.HistoryEvent, error) {
	var events []*history.HistoryEvent
	iterator := r.Temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for len(events) < most && iterator.HasNext() {
		event, err := iterator.Next()
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

func (r Reader) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func isNotFound(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}
