package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/workflows"
)

// replay runs one attempt to replay events to the monolith.
func (f *eventFixture) replay(t *testing.T, in workflows.ReplayInput) (workflows.ReplayResult, error) {
	t.Helper()
	f.newAttempt()
	f.monolith.ids, f.crm.ids = nil, nil
	if in.Endpoint == "" {
		in.Endpoint = "monolith"
	}
	return run(t, f.fixture, f.steps.ReplayEvents, in)
}

func TestReplayEvents(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	require.NoError(t, f.deliver(t))
	first := f.monolith.bodies[0]

	out, err := f.replay(t, workflows.ReplayInput{Size: 2})
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Delivered: 2, After: "e-2"}, out)
	require.Equal(t, []string{"evt_e-1_monolith", "evt_e-2_monolith"}, f.monolith.ids)
	require.Equal(t, first, f.monolith.bodies[3], "the same bytes")
	out, err = f.replay(t, workflows.ReplayInput{Size: 2, After: "e-2"})
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Delivered: 1, After: "e-3", Done: true}, out)
	require.Empty(t, f.crm.ids, "another endpoint")

	out, err = f.replay(t, workflows.ReplayInput{Size: 2, Undelivered: true})
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Done: true}, out)
	require.Empty(t, f.monolith.ids)
}

func TestReplayOfTypes(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	require.NoError(t, f.deliver(t))
	in := workflows.ReplayInput{Size: 9, Endpoint: "crm", Filter: event.Filter{Types: []event.Type{event.UserActivated, event.UserErased}}}
	counted, err := run(t, f.fixture, f.steps.CountEvents, in)
	require.NoError(t, err)
	require.Equal(t, 1, counted.Events)
	_, err = f.replay(t, in)
	require.NoError(t, err)
	require.Equal(t, []string{"evt_e-3_crm"}, f.crm.ids, "only types that it wants")

	in.Filter.Types = []event.Type{event.UserActivated}
	counted, err = run(t, f.fixture, f.steps.CountEvents, in)
	require.NoError(t, err)
	require.Zero(t, counted.Events)
	out, err := f.replay(t, in)
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Done: true}, out)
}

// TestReplayDeliversEarlierEventsFirst selects the last event of a registration whose earlier events the endpoint lacks.
func TestReplayDeliversEarlierEventsFirst(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	out, err := f.replay(t, workflows.ReplayInput{Size: 9, Filter: event.Filter{Types: []event.Type{event.UserErased}}})
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Delivered: 1, After: "e-3", Done: true}, out)
	require.Equal(t, []string{"evt_e-1_monolith", "evt_e-2_monolith", "evt_e-3_monolith"}, f.monolith.ids)
	require.Equal(t, []string{"e-1", "e-2", "e-3"}, f.recordedAs("monolith", event.Delivered))
}

// TestReplayStopsAtARefusal ends a batch before the refused event, and fails if that is the first one.
func TestReplayStopsAtARefusal(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.monolith.answer = refuse("503", time.Minute, "evt_e-2_monolith")
	in := workflows.ReplayInput{Size: 9, Undelivered: true}
	out, err := f.replay(t, in)
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Delivered: 1, After: "e-1"}, out)
	require.Len(t, f.monolith.ids, 2, "nothing behind the refused event")

	in.After = out.After
	_, err = f.replay(t, in)
	app := applicationError(t, err)
	require.Equal(t, string(workflows.ReasonEventUndelivered), app.Type())
	require.Equal(t, time.Minute, app.NextRetryDelay())
	f.monolith.answer = accept
	out, err = f.replay(t, in)
	require.NoError(t, err)
	require.Equal(t, workflows.ReplayResult{Delivered: 2, After: "e-3", Done: true}, out)
}

func TestReplayFails(t *testing.T) {
	t.Parallel()
	t.Run("unknown endpoint", func(t *testing.T) {
		t.Parallel()
		f := setupEvents(t)
		_, err := f.replay(t, workflows.ReplayInput{Size: 9, Endpoint: "billing"})
		require.Equal(t, string(workflows.ReasonEventUndelivered), applicationError(t, err).Type())
		require.Equal(t, workflows.Attempt{Number: 1, Provider: "billing", ProviderCode: "no_endpoint"}, detailsOf(t, err))
	})
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		f := setupEvents(t)
		f.store.failed = errStore
		_, err := f.replay(t, workflows.ReplayInput{Size: 9})
		require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
		_, err = run(t, f.fixture, f.steps.CountEvents, workflows.ReplayInput{Endpoint: "crm"})
		require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
	})
	t.Run("record", func(t *testing.T) {
		t.Parallel()
		f := setupEvents(t)
		f.monolith.answer = func(context.Context, string) error { return nil }
		f.store.record = func(event.Delivery) error { return errStore }
		_, err := f.replay(t, workflows.ReplayInput{Size: 9})
		require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
		require.Len(t, f.monolith.ids, 1)
	})
}
