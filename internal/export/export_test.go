package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/export"
	"registrar/internal/gate"
	"registrar/internal/message"
	"registrar/internal/timeline"
	"registrar/internal/user"
	"registrar/workflows"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fakeStore has something of each kind, unless empty. broken is the call that fails.
type fakeStore struct {
	empty  bool
	broken string
}

func get[T any](f fakeStore, call string, full T) (T, error) {
	var none T
	switch {
	case f.broken == call:
		return none, errors.New(call)
	case f.empty:
		return none, nil
	}
	return full, nil
}

func (f fakeStore) Subject(context.Context, string) (user.Subject, bool, error) {
	s, err := get(f, "subject", user.Subject{UserID: "u-1", RegistrationID: "r-1"})
	return s, !f.empty, err
}

func (f fakeStore) User(_ context.Context, id string) (user.Record, bool, error) {
	u, err := get(f, "user", user.Record{ID: id, FirstName: "Ada"})
	return u, !f.empty, err
}

func (f fakeStore) Messages(context.Context, string) ([]message.Entry, error) {
	return get(f, "messages", []message.Entry{{Key: message.Key{Kind: message.KindOTP, Sequence: 1}, SentAt: at}})
}

func (f fakeStore) Attempts(context.Context, string) ([]message.Attempt, error) {
	return get(f, "attempts", []message.Attempt{{Number: 1, At: at}})
}

func (f fakeStore) ReportsOf(context.Context, string) ([]message.Report, error) {
	return get(f, "reports", []message.Report{{MessageID: "m", At: at}})
}

func (f fakeStore) SuppressionsOf(context.Context, string) ([]message.Suppression, error) {
	return get(f, "suppressions", []message.Suppression{{Reason: message.Bounced, Since: at}})
}

func (f fakeStore) EventsOf(context.Context, ...string) ([]event.Event, error) {
	return get(f, "events", []event.Event{{ID: "e-1", User: &event.User{PasswordHash: "$argon2id"}}, {ID: "e-2"}})
}

func (f fakeStore) Deliveries(context.Context, ...string) ([]event.Delivery, error) {
	return get(f, "deliveries", []event.Delivery{{EventID: "e-1", Endpoint: "crm", At: at}})
}

func (f fakeStore) GateAnswer(context.Context, string) (gate.Record, bool, error) {
	r, err := get(f, "gate", gate.Record{AskedAt: at})
	return r, !f.empty, err
}

func (f fakeStore) Audit(context.Context, audit.Filter, audit.Cursor, int) ([]audit.Entry, error) {
	return get(f, "audit", []audit.Entry{{Actor: "crm", At: at}})
}

// fakeWorkflows answer with an error, or with a state.
type fakeWorkflows struct{ err error }

func (f fakeWorkflows) State(context.Context, string) (workflows.RegistrationState, error) {
	return workflows.RegistrationState{AwaitsCode: true}, f.err
}

func (f fakeWorkflows) Read(context.Context, string) (timeline.Timeline, error) {
	return timeline.Timeline{RegistrationID: "r-1"}, f.err
}

func read(t *testing.T, s fakeStore, w fakeWorkflows) (e export.Export, found bool, err error) {
	t.Helper()
	return export.Reader{Store: s, Registrations: w, Timelines: w}.Read(t.Context(), "r-1", func(u user.Record) any { return u.FirstName })
}

func TestExport(t *testing.T) {
	t.Parallel()
	e, found, err := read(t, fakeStore{}, fakeWorkflows{})
	require.NoError(t, err)
	require.True(t, found)
	text, err := json.Marshal(e)
	require.NoError(t, err)
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &members))
	for _, name := range []string{
		"user_id", "registration_id", "user", "messages", "attempts", "delivery_reports", "suppressions", "gate", "events", "audit", "workflow", "timeline",
	} {
		require.Contains(t, members, name)
		delete(members, name)
	}
	require.Empty(t, members)
	require.NotContains(t, string(text), "argon2id")
	require.Equal(t, message.StatusSent, e.Messages[0].Status)
	require.Len(t, e.Events[0].Deliveries, 1)
	require.Empty(t, e.Events[1].Deliveries)
}

func TestExportWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	e, found, err := read(t, fakeStore{}, fakeWorkflows{fmt.Errorf("registration %w", engine.ErrNotFound)})
	require.NoError(t, err)
	require.True(t, found)
	require.Nil(t, e.Workflow)

	e, found, err = read(t, fakeStore{empty: true}, fakeWorkflows{})
	require.NoError(t, err)
	require.True(t, found, "a registration that the database does not know")
	require.Equal(t, "r-1", e.RegistrationID)

	_, found, err = read(t, fakeStore{empty: true}, fakeWorkflows{engine.ErrNotFound})
	require.NoError(t, err)
	require.False(t, found)
}

// TestExportFails: an export that lacks something must not look complete.
func TestExportFails(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		"subject", "user", "messages", "attempts", "reports", "suppressions", "events", "deliveries", "gate", "audit",
	} {
		_, _, err := read(t, fakeStore{broken: call}, fakeWorkflows{})
		require.EqualError(t, err, call)
	}
	_, _, err := read(t, fakeStore{}, fakeWorkflows{engine.ErrUnavailable})
	require.ErrorIs(t, err, engine.ErrUnavailable)
}
