package activities_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/workflows"
)

// setupSweep has the first event of n registrations, and a second one of the first registration.
func setupSweep(t *testing.T, n int) *eventFixture {
	t.Helper()
	f := setupEvents(t)
	f.store.events = nil
	for i := range n {
		f.store.events = append(f.store.events, event.Event{
			ID: fmt.Sprintf("e-%03d", i), Type: event.UserRegistered, Sequence: 1, RegistrationID: fmt.Sprint("r-", i),
		})
	}
	second := event.Event{ID: "e-999", Type: event.UserErased, Sequence: 2, RegistrationID: "r-0"}
	f.store.events = append(f.store.events, second)
	return f
}

func (f *eventFixture) sweep(t *testing.T, from map[string]workflows.SweepPosition) (workflows.SweepEventsResult, error) {
	t.Helper()
	f.newAttempt()
	f.monolith.ids, f.crm.ids = nil, nil
	return run(t, f.fixture, f.steps.SweepEvents, workflows.SweepEventsInput{Before: "f", Positions: from})
}

func TestSweepEvents(t *testing.T) {
	t.Parallel()
	f := setupSweep(t, 250)
	out, err := f.sweep(t, nil)
	require.NoError(t, err)
	complete := map[string]workflows.SweepPosition{"monolith": {Complete: "f"}, "crm": {Complete: "f"}}
	require.Equal(t, workflows.SweepEventsResult{Positions: complete, Delivered: 502}, out)
	require.Len(t, f.monolith.ids, 251)
	require.Len(t, f.crm.ids, 251)
	f.store.deliveries = nil
	out, err = f.sweep(t, complete)
	require.NoError(t, err)
	require.Equal(t, workflows.SweepEventsResult{Positions: complete}, out, "nothing before the position")
}

// TestSweepLeavesOutRefusedUsers: a refused event holds back the later ones of its user only, and stays for the next pass.
func TestSweepLeavesOutRefusedUsers(t *testing.T) {
	t.Parallel()
	f := setupSweep(t, 3)
	f.monolith.answer = refuse("500", 0, "evt_e-000_monolith")
	from := map[string]workflows.SweepPosition{"monolith": {Complete: "e"}}
	out, err := f.sweep(t, from)
	require.NoError(t, err)
	require.Equal(t, []string{"evt_e-000_monolith", "evt_e-001_monolith", "evt_e-002_monolith"}, f.monolith.ids)
	require.Equal(t, workflows.SweepPosition{Complete: "e"}, out.Positions["monolith"])
	require.Equal(t, workflows.SweepPosition{Complete: "f"}, out.Positions["crm"], "another endpoint")
	require.False(t, out.More)

	f.monolith.answer = accept
	out, err = f.sweep(t, out.Positions)
	require.NoError(t, err)
	require.Equal(t, []string{"evt_e-000_monolith", "evt_e-999_monolith"}, f.monolith.ids)
	require.Equal(t, workflows.SweepPosition{Complete: "f"}, out.Positions["monolith"])
}

// TestSweepStopsAtAnEndpointThatAcceptsNoCalls continues behind the refused events next time, so that they do not hold back others.
func TestSweepStopsAtAnEndpointThatAcceptsNoCalls(t *testing.T) {
	t.Parallel()
	f := setupSweep(t, 5)
	f.monolith.answer = func(_ context.Context, id string) error {
		if len(f.monolith.ids) <= 2 {
			return refuse("500", 0, id)(t.Context(), id)
		}
		return &message.Error{Provider: "monolith", Failure: message.Unavailable, Code: message.CodeCircuitOpen}
	}
	out, err := f.sweep(t, nil)
	require.NoError(t, err)
	require.Equal(t, workflows.SweepPosition{After: "e-001", Refused: true}, out.Positions["monolith"])
	require.False(t, out.More, "the schedule starts the next one")

	f.monolith.answer = accept
	out, err = f.sweep(t, out.Positions)
	require.NoError(t, err)
	require.Equal(t, []string{
		"evt_e-002_monolith", "evt_e-003_monolith", "evt_e-004_monolith", "evt_e-000_monolith", "evt_e-999_monolith",
	}, f.monolith.ids, "e-000 comes before the later event of its user")
	require.Equal(t, workflows.SweepPosition{}, out.Positions["monolith"], "the next pass begins with the first event")
	out, err = f.sweep(t, out.Positions)
	require.NoError(t, err)
	require.Equal(t, []string{"evt_e-001_monolith"}, f.monolith.ids)
	require.Equal(t, workflows.SweepPosition{Complete: "f"}, out.Positions["monolith"])
}

func TestSweepFails(t *testing.T) {
	t.Parallel()
	f := setupSweep(t, 1)
	f.store.failed = errStore
	_, err := f.sweep(t, nil)
	require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
	f.steps.Endpoints = nil
	out, err := f.sweep(t, nil)
	require.NoError(t, err)
	require.Empty(t, out.Positions)
}
