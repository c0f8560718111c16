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

// ErrNotFound means that neither Temporal nor the user database has the registration.
var ErrNotFound = errors.New("no such registration")

// ledgerTimeout bounds reading the database, so that a database that hangs does not delay the rest of the timeline.
const ledgerTimeout = 3 * time.Second

// Histories reads a registration's histories from Temporal. engine.Registrations implements it.
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

// Timeline is the events of a registration, oldest first. Steps in progress come last.
type Timeline struct {
	RegistrationID string      `json:"registration_id"`
	UserID         string      `json:"user_id,omitempty"`     // empty if the registration has no user now
	UserStatus     user.Status `json:"user_status,omitempty"` // likewise
	// WorkflowRetained is false if Temporal has deleted the workflow; then all entries come from the ledger.
	WorkflowRetained bool `json:"workflow_retained"`
	// LedgerAvailable is false if the database did not answer; then all entries come from the workflow, and LedgerError is
	// the cause.
	LedgerAvailable bool  `json:"ledger_available"`
	LedgerError     error `json:"-"`
	// Truncated is true if there are more than engine.MaxRuns runs or engine.MaxEvents events.
	Truncated bool    `json:"truncated"`
	Entries   []Entry `json:"entries"`
}

// ParseID returns the registration's id, a UUID. s is that id or the id of the workflow.
func ParseID(s string) (string, bool) {
	id, err := uuid.Parse(strings.TrimPrefix(s, workflows.RegistrationWorkflowID("")))
	return id.String(), err == nil
}

// Read reads a registration's timeline within ctx's deadline. The database may be unavailable, but Temporal must answer. It
// returns ErrNotFound for an unknown registration.
func (r Reader) Read(ctx context.Context, registrationID string) (Timeline, error) {
	id, ok := ParseID(registrationID)
	if !ok {
		return Timeline{}, ErrNotFound
	}
	t := Timeline{RegistrationID: id}
	ledgerResults := make(chan ledgerResult, 1)
	go func() { ledgerResults <- readLedger(ctx, r.Ledger, t.RegistrationID) }()
	err := r.readWorkflow(ctx, &t)
	ledger := <-ledgerResults
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

// readWorkflow adds every run that Temporal retains, and the activities in progress.
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
