package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/workflows"
)

const anEvent = "0198f6c2-7d40-7b1c-a3d4-6f1e2a9b5c07"

// fakeEvents has one event, which crm has and monolith lacks.
type fakeEvents struct {
	recorded []audit.Entry
	auditErr error
}

func (*fakeEvents) Event(_ context.Context, id string) (event.Event, bool, error) {
	return activated(), id == anEvent, nil
}

func (*fakeEvents) Events(context.Context, event.Filter, string, int) ([]event.Event, error) {
	return []event.Event{activated()}, nil
}

func (*fakeEvents) Deliveries(context.Context, ...string) ([]event.Delivery, error) {
	return []event.Delivery{{EventID: anEvent, Endpoint: "crm", Status: event.Gone, At: noon}}, nil
}

func (f *fakeEvents) RecordAudit(_ context.Context, e audit.Entry) error {
	f.recorded = append(f.recorded, e)
	return f.auditErr
}

func activated() event.Event {
	return event.Event{
		ID: anEvent, Type: event.UserActivated, At: noon, RegistrationID: aRegistration, UserID: aUser, Sequence: 2,
		User: &event.User{FirstName: "Ada", Email: "ada@example.com"},
	}
}

func twoEndpoints() []event.Endpoint {
	return []event.Endpoint{{Name: "crm", Types: event.Types}, {Name: "monolith", Types: event.Types}}
}

func TestPrintEvents(t *testing.T) {
	t.Parallel()
	found, err := api.ListEvents(t.Context(), &fakeEvents{}, twoEndpoints(), event.Filter{}, "", 10)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, printEvents(&out, found))
	require.Equal(t, `EVENT                                 TIME (UTC)               TYPE            NUMBER  USER                                  DELIVERIES
0198f6c2-7d40-7b1c-a3d4-6f1e2a9b5c07  2026-12-01 12:00:00.000  user.activated  2       0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023  crm gone, monolith undelivered
`, out.String())
	out.Reset()
	require.NoError(t, printEvents(&out, nil))
	require.Equal(t, "no event\n", out.String())
}

func TestShowEvent(t *testing.T) {
	t.Parallel()
	f := &fakeEvents{}
	e, err := readEvent(t.Context(), f, twoEndpoints(), anEvent)
	require.NoError(t, err)
	require.Len(t, f.recorded, 1)
	require.Equal(t, audit.Entry{At: f.recorded[0].At, Actor: commandActor(), Action: audit.EventRead, UserID: aUser}, f.recorded[0])
	var out bytes.Buffer
	require.NoError(t, printEvent(&out, e))
	for _, want := range []string{"user.activated", "crm", "gone", "monolith", "undelivered", `"email": "ada@example.com"`} {
		require.Contains(t, out.String(), want)
	}
	_, err = readEvent(t.Context(), f, nil, aUser)
	require.ErrorContains(t, err, "there is no event "+aUser)
	_, err = readEvent(t.Context(), f, nil, "ada@example.com")
	require.ErrorContains(t, err, "not an id")
	require.NotContains(t, err.Error(), "ada")
	f.auditErr = errors.New("no connection")
	_, err = readEvent(t.Context(), f, nil, anEvent)
	require.ErrorIs(t, err, f.auditErr)
}

func TestEventFlags(t *testing.T) {
	t.Parallel()
	flags := eventFlags{since: "24h", until: "2026-12-01T11:00:00Z", userID: aUser, types: []string{"user.erased"}, endpoints: []string{"monolith"}}
	filter, endpoints, err := flags.read(twoEndpoints(), noon)
	require.NoError(t, err)
	require.Equal(t, event.Filter{
		Since: noon.Add(-24 * time.Hour), Until: noon.Add(-time.Hour), Types: []event.Type{event.UserErased}, UserID: aUser,
	}, filter)
	require.Equal(t, twoEndpoints()[1:], endpoints)
	for want, broken := range map[string]eventFlags{
		"--user: the value is not an id":            {userID: "ada"},
		`--since: "soon" is not a time`:             {since: "soon"},
		`--until: "soon" is not a time`:             {until: "soon"},
		`--type: must be of ["user.registered"`:     {types: []string{"user.left"}},
		`--endpoint: must be of ["crm" "monolith"]`: {endpoints: []string{"billing"}},
	} {
		_, _, err := broken.read(twoEndpoints(), noon)
		require.ErrorContains(t, err, want)
	}
	_, _, err = (&eventFlags{}).read(nil, noon)
	require.ErrorContains(t, err, "--endpoint: none is configured")
	_, err = event.Replay{}.For(twoEndpoints(), noon)
	require.ErrorContains(t, flagError(err), "--since: is required, unless")
}

// fakeReplays is a replay that goes through states.
type fakeReplays struct {
	started event.Replay
	states  []engine.ReplayState
	done    func()
}

func (f *fakeReplays) Start(_ context.Context, _ string, r event.Replay) error {
	f.started = r
	return nil
}

func (f *fakeReplays) Get(context.Context, string) (engine.ReplayState, error) {
	next := f.states[0]
	if f.states = f.states[1:]; len(f.states) == 0 && f.done != nil {
		f.done()
	}
	return next, nil
}

func replaying(status workflows.ReplayStatus, delivered int) engine.ReplayState {
	s := engine.ReplayState{ID: anEvent}
	s.Status = status
	s.Endpoints = []workflows.EndpointProgress{{Endpoint: "crm", Counted: true, Events: 9, Delivered: delivered}, {Endpoint: "monolith"}}
	return s
}

func TestStartReplay(t *testing.T) {
	t.Parallel()
	parked, ended := replaying(workflows.ReplayFailed, 3), replaying(workflows.ReplayCompleted, 9)
	parked.Reason, ended.EndedAt = workflows.ReasonEventUndelivered, noon
	f, s := &fakeReplays{states: []engine.ReplayState{replaying(workflows.ReplayRunning, 3), parked, ended}}, &fakeEvents{}
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	r := event.Replay{Undelivered: true, Endpoints: []string{"crm", "monolith"}}
	require.NoError(t, startReplay(t.Context(), cmd, s, f, r, true))
	require.Equal(t, r, f.started)
	require.Equal(t, audit.EventReplayed, s.recorded[0].Action)
	_, rest, _ := strings.Cut(out.String(), "\n")
	require.Equal(t, `running: 3 of 9 to crm, 0 of ? to monolith
failed (event_undelivered): 3 of 9 to crm, 0 of ? to monolith
completed: 9 of 9 to crm, 0 of ? to monolith
`, rest)

	out.Reset()
	require.NoError(t, startReplay(t.Context(), cmd, s, f, r, false))
	require.Regexp(t, `^[0-9a-f-]{36} is running; to watch it, run: registrar events watch [0-9a-f-]{36}\n$`, out.String())
	s.auditErr = errors.New("no connection")
	require.ErrorIs(t, startReplay(t.Context(), cmd, s, f, r, false), s.auditErr)
}

func TestWatchReplay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	abandoned := replaying(workflows.ReplayFailed, 3)
	abandoned.EndedAt = noon
	err := watchReplay(t.Context(), &out, &fakeReplays{states: []engine.ReplayState{abandoned}}, anEvent, time.Millisecond)
	require.ErrorContains(t, err, "the replay is failed before all events were delivered")

	ctx, interrupt := context.WithCancel(t.Context())
	f := &fakeReplays{states: []engine.ReplayState{replaying(workflows.ReplayRunning, 1), replaying(workflows.ReplayRunning, 2)}, done: interrupt}
	require.NoError(t, watchReplay(ctx, &out, f, anEvent, time.Millisecond))
	require.True(t, strings.HasSuffix(out.String(), "the replay goes on; to watch it again, run: registrar events watch "+anEvent+"\n"))
}

func TestConfirmReplay(t *testing.T) {
	t.Parallel()
	r := event.Replay{
		Filter: event.Filter{Since: noon, Types: []event.Type{event.UserErased}, UserID: aUser}, Undelivered: true, Endpoints: []string{"crm"},
	}
	for answer, confirmed := range map[string]bool{"yes\n": true, "no\n": false, "": false} {
		var question bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetErr(&question)
		cmd.SetIn(strings.NewReader(answer))
		require.Equal(t, confirmed, confirmReplay(cmd, r) == nil)
		require.Equal(t, "Deliver the undelivered events of [user.erased] of user "+aUser+" since "+formatTime(noon)+" UTC to crm? Type yes to confirm: ",
			question.String())
	}
}
