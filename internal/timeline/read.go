package timeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// ErrNotFound means that neither Temporal nor the user database knows the registration.
var ErrNotFound = errors.New("no such registration")

// ledgerTimeout bounds the questions to the database, which may hang, so that the rest of the timeline is read in time.
const ledgerTimeout = 3 * time.Second

// Histories reads what Temporal has recorded of a registration; engine.Registrations does.
type Histories interface {
	History(ctx context.Context, registrationID string) (engine.History, error)
}

// Reader reads timelines. It is safe for concurrent use.
type Reader struct {
	Histories  Histories
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
	asked := make(chan ledgerResult, 1)
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

// readWorkflow adds what Temporal knows: every run that it retains, and the activities in progress.
func (r Reader) readWorkflow(ctx context.Context, t *Timeline) error {
	h, err := r.Histories.History(ctx, t.RegistrationID)
	if err != nil {
		return fmt.Errorf("read the workflow's history: %w", err)
	}
	t.Truncated, t.WorkflowRetained = h.Truncated, len(h.Runs) > 0
	t.Entries = append(fromRuns(h.Runs, r.Converters), fromPending(h.Pending, h.CurrentRunID, r.now(), r.Converters)...)
	return nil
}

func (r Reader) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
