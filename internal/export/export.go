// Package export collects everything that is kept of one person.
package export

import (
	"context"
	"errors"
	"fmt"

	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/gate"
	"registrar/internal/message"
	"registrar/internal/timeline"
	"registrar/internal/user"
	"registrar/workflows"
)

// Store is the user database. store.Store implements it.
type Store interface {
	Subject(ctx context.Context, id string) (user.Subject, bool, error)
	User(ctx context.Context, id string) (user.Record, bool, error)
	Messages(ctx context.Context, registrationID string) ([]message.Entry, error)
	Attempts(ctx context.Context, registrationID string) ([]message.Attempt, error)
	ReportsOf(ctx context.Context, registrationID string) ([]message.Report, error)
	SuppressionsOf(ctx context.Context, registrationID string) ([]message.Suppression, error)
	EventsOf(ctx context.Context, registrationIDs ...string) ([]event.Event, error)
	Deliveries(ctx context.Context, eventIDs ...string) ([]event.Delivery, error)
	GateAnswer(ctx context.Context, registrationID string) (gate.Record, bool, error)
	Audit(ctx context.Context, f audit.Filter, after audit.Cursor, limit int) ([]audit.Entry, error)
}

// Registrations are the workflows. engine.Registrations implements it.
type Registrations interface {
	State(ctx context.Context, registrationID string) (workflows.RegistrationState, error)
}

// Timelines reads timelines. timeline.Reader implements it.
type Timelines interface {
	Read(ctx context.Context, registrationID string) (timeline.Timeline, error)
}

// Reader collects exports. It is safe for concurrent use.
type Reader struct {
	Store         Store
	Registrations Registrations
	Timelines     Timelines
}

// Export is everything that is kept of one person, except the hash of the password. Members without a value are absent.
type Export struct {
	UserID         string `json:"user_id,omitempty"`
	RegistrationID string `json:"registration_id"`
	// User is the user as the HTTP contract describes it; nil if there is none any more.
	User         any                `json:"user,omitempty"`
	Messages     []Message          `json:"messages,omitempty"`
	Attempts     []Attempt          `json:"attempts,omitempty"`
	Reports      []Report           `json:"delivery_reports,omitempty"`
	Suppressions []Suppression      `json:"suppressions,omitempty"`
	Gate         *Gate              `json:"gate,omitempty"`
	Events       []Event            `json:"events,omitempty"`
	Audit        []Audit            `json:"audit,omitempty"`
	Workflow     *Workflow          `json:"workflow,omitempty"`
	Timeline     *timeline.Timeline `json:"timeline,omitempty"`
}

// maxAudit bounds the entries of the audit trail in one export.
const maxAudit = 1000

// Read collects what is kept of a user, or of a registration without a user, by the id of either. The bool is false if nothing is
// kept. If Temporal has deleted the workflow, the export has no Workflow. body makes Export.User of the stored user.
func (r Reader) Read(ctx context.Context, id string, body func(user.Record) any) (e Export, found bool, err error) {
	subject, known, err := r.Store.Subject(ctx, id)
	if err != nil {
		return e, false, err
	}
	if !known {
		subject.RegistrationID = id
	}
	e = Export{UserID: subject.UserID, RegistrationID: subject.RegistrationID}
	steps := []func(context.Context, *Export) error{
		r.readLedger, r.readReports, r.readSuppressions, r.readEvents, r.readAudit, r.readGate, r.readWorkflow,
	}
	if record, ok, err := r.Store.User(ctx, subject.UserID); err != nil {
		return e, false, err
	} else if ok {
		e.User = body(record)
	}
	for _, step := range steps {
		if err := step(ctx, &e); err != nil {
			return Export{}, false, err
		}
	}
	return e, e.hasData(), nil
}

// hasData reports whether there is more than ids: an erased user leaves a receipt, entries of the audit trail, and events with ids.
func (e Export) hasData() bool {
	for _, one := range e.Events {
		if one.User != nil {
			return true
		}
	}
	return e.User != nil || e.Workflow != nil || e.Gate != nil || len(e.Messages)+len(e.Attempts)+len(e.Suppressions) > 0
}

func (r Reader) readLedger(ctx context.Context, e *Export) error {
	messages, err := r.Store.Messages(ctx, e.RegistrationID)
	if err != nil {
		return err
	}
	attempts, err := r.Store.Attempts(ctx, e.RegistrationID)
	e.Messages, e.Attempts = convert(messages, newMessage), convert(attempts, newAttempt)
	return err
}

func (r Reader) readReports(ctx context.Context, e *Export) error {
	reports, err := r.Store.ReportsOf(ctx, e.RegistrationID)
	e.Reports = convert(reports, newReport)
	return err
}

func (r Reader) readSuppressions(ctx context.Context, e *Export) error {
	listed, err := r.Store.SuppressionsOf(ctx, e.RegistrationID)
	e.Suppressions = convert(listed, newSuppression)
	return err
}

func (r Reader) readEvents(ctx context.Context, e *Export) error {
	events, err := r.Store.EventsOf(ctx, e.RegistrationID)
	if err != nil || len(events) == 0 {
		return err
	}
	ids := make([]string, len(events))
	for i, one := range events {
		ids[i] = one.ID
	}
	deliveries, err := r.Store.Deliveries(ctx, ids...)
	e.Events = convert(events, func(one event.Event) Event { return newEvent(one, deliveries) })
	return err
}

func (r Reader) readAudit(ctx context.Context, e *Export) error {
	if e.UserID == "" {
		return nil
	}
	entries, err := r.Store.Audit(ctx, audit.Filter{UserID: e.UserID}, audit.Cursor{}, maxAudit)
	e.Audit = convert(entries, newAudit)
	return err
}

func (r Reader) readGate(ctx context.Context, e *Export) error {
	record, found, err := r.Store.GateAnswer(ctx, e.RegistrationID)
	if err == nil && found {
		e.Gate = newGate(record)
	}
	return err
}

func (r Reader) readWorkflow(ctx context.Context, e *Export) error {
	state, err := r.Registrations.State(ctx, e.RegistrationID)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("read the state of the registration: %w", err)
	}
	e.Workflow = newWorkflow(state)
	t, err := r.Timelines.Read(ctx, e.RegistrationID)
	if errors.Is(err, timeline.ErrNotFound) {
		return nil
	}
	e.Timeline = &t
	return err
}
