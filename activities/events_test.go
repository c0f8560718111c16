package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"registrar/activities"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/workflows"
)

// eventsFake is a store with the events of one registration.
type eventsFake struct {
	events []event.Event
	failed error // of every call
	record func(event.Delivery) error

	mu         sync.Mutex
	deliveries []event.Delivery
}

func (f *eventsFake) EventsOf(context.Context, ...string) ([]event.Event, error) {
	return f.events, f.failed
}

func (f *eventsFake) Events(_ context.Context, filter event.Filter, after string, limit int) ([]event.Event, error) {
	found := slices.DeleteFunc(slices.Clone(f.events), func(e event.Event) bool {
		return e.ID <= after || !slices.Contains(filter.Types, e.Type) || len(filter.Undelivered) > 0 && f.ended(e.ID, filter.Undelivered[0].Name)
	})
	return found[:min(limit, len(found))], f.failed
}

func (f *eventsFake) LackingEvents(_ context.Context, to event.Endpoint, after, before string, limit int) ([]event.Event, string, error) {
	found := slices.DeleteFunc(slices.Clone(f.events), func(e event.Event) bool {
		return e.ID <= after || e.ID >= before || !to.Wants(e.Type) || f.ended(e.ID, to.Name)
	})
	if len(found) < limit {
		return found, before, f.failed
	}
	return found[:limit], found[limit-1].ID, f.failed
}

func (f *eventsFake) CountEvents(ctx context.Context, filter event.Filter) (int, error) {
	found, err := f.Events(ctx, filter, "", 1000)
	return len(found), err
}

func (f *eventsFake) ended(id, endpoint string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.deliveries, func(d event.Delivery) bool { return d.EventID == id && d.Endpoint == endpoint })
}

func (f *eventsFake) Deliveries(_ context.Context, ids ...string) ([]event.Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.deliveries), func(d event.Delivery) bool { return !slices.Contains(ids, d.EventID) }), nil
}

func (f *eventsFake) RecordDelivery(ctx context.Context, d event.Delivery) error {
	if err := errors.Join(ctx.Err(), f.record(d)); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deliveries = append(f.deliveries, d)
	return nil
}

// posterFake accepts every event that answer does not refuse.
type posterFake struct {
	answer func(ctx context.Context, id string) error
	ids    []string // of the calls
	bodies []string
}

func (f *posterFake) Post(ctx context.Context, id string, body []byte) error {
	f.ids, f.bodies = append(f.ids, id), append(f.bodies, string(body))
	return f.answer(ctx, id)
}

func accept(context.Context, string) error { return nil }

// eventFixture has three events, a receiver of all of them, and one that wants only ids of the first and the last.
type eventFixture struct {
	*fixture
	store    *eventsFake
	monolith *posterFake
	crm      *posterFake
}

func setupEvents(t *testing.T) *eventFixture {
	t.Helper()
	f := &eventFixture{fixture: setup(t), monolith: &posterFake{answer: accept}, crm: &posterFake{answer: accept}}
	f.store = &eventsFake{record: func(event.Delivery) error { return nil }}
	for i, kind := range []event.Type{event.UserRegistered, event.UserActivated, event.UserErased} {
		f.store.events = append(f.store.events, event.Event{
			ID: []string{"e-1", "e-2", "e-3"}[i], Type: kind, Sequence: i + 1, RegistrationID: "r-1", UserID: "u-1",
			User: &event.User{Email: emailAddress},
		})
	}
	f.steps.Events = f.store
	f.steps.Endpoints = []activities.Endpoint{
		{Endpoint: event.Endpoint{Name: "monolith", Types: event.Types, Whole: true}, Poster: f.monolith},
		{Endpoint: event.Endpoint{Name: "crm", Types: []event.Type{event.UserRegistered, event.UserErased}}, Poster: f.crm},
	}
	return f
}

// deliver runs one attempt.
func (f *eventFixture) deliver(t *testing.T) error {
	t.Helper()
	f.newAttempt()
	f.monolith.ids, f.crm.ids = nil, nil
	out, err := run(t, f.fixture, f.steps.DeliverEvents, workflows.DeliverEventsInput{RegistrationID: "r-1", Through: 3})
	if err == nil {
		require.Equal(t, workflows.DeliverEventsResult{Through: 3}, out)
	}
	return err
}

func (f *eventFixture) recordedAs(endpoint string, status event.DeliveryStatus) []string {
	var ids []string
	for _, d := range f.store.deliveries {
		if d.Endpoint == endpoint && d.Status == status {
			ids = append(ids, d.EventID)
		}
	}
	return ids
}

func refuse(code string, wait time.Duration, ids ...string) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		if !slices.Contains(ids, id) {
			return nil
		}
		failure := message.Unavailable
		if code == "410" {
			failure = message.Rejected
		}
		return &message.Error{Provider: "monolith", Failure: failure, Code: code, RetryAfter: wait}
	}
}

func TestDeliverEvents(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	require.NoError(t, f.deliver(t))
	require.Equal(t, []string{"evt_e-1_monolith", "evt_e-2_monolith", "evt_e-3_monolith"}, f.monolith.ids)
	require.Equal(t, []string{"evt_e-1_crm", "evt_e-3_crm"}, f.crm.ids, "only the types that it wants")
	require.Equal(t, []string{"e-1", "e-2", "e-3"}, f.recordedAs("monolith", event.Delivered))
	require.Equal(t, []string{"e-1", "e-3"}, f.recordedAs("crm", event.Delivered))
	require.WithinDuration(t, time.Now(), f.store.deliveries[0].At, time.Minute)
	require.Contains(t, f.monolith.bodies[0], emailAddress)
	require.NotContains(t, f.crm.bodies[0], emailAddress, "ids only")
	var body struct{ Data struct{ Sequence int } }
	require.NoError(t, json.Unmarshal([]byte(f.monolith.bodies[1]), &body))
	require.Equal(t, 2, body.Data.Sequence)

	require.NoError(t, f.deliver(t))
	require.Empty(t, f.monolith.ids, "delivered already")
	require.Empty(t, f.crm.ids)
}

func TestEndpointStopsAtItsFirstFailure(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.monolith.answer = refuse("503", 90*time.Second, "evt_e-2_monolith")
	err := f.deliver(t)
	app := applicationError(t, err)
	require.Equal(t, string(workflows.ReasonEventUndelivered), app.Type())
	require.False(t, app.NonRetryable())
	require.Equal(t, 90*time.Second, app.NextRetryDelay())
	require.ErrorContains(t, err, "monolith: unavailable (503)")
	require.NotContains(t, err.Error(), emailAddress)
	require.Equal(t, workflows.Attempt{Number: 1, Provider: "monolith", ProviderCode: "503"}, detailsOf(t, err))
	require.Equal(t, []string{"evt_e-1_monolith", "evt_e-2_monolith"}, f.monolith.ids)
	require.Equal(t, []string{"e-1", "e-3"}, f.recordedAs("crm", event.Delivered), "another endpoint is not affected")

	f.monolith.answer = accept
	first := f.monolith.bodies[1]
	require.NoError(t, f.deliver(t))
	require.Equal(t, []string{"evt_e-2_monolith", "evt_e-3_monolith"}, f.monolith.ids, "from where it stopped")
	require.Equal(t, first, f.monolith.bodies[2], "the same bytes")
	require.Empty(t, f.crm.ids)
}

func TestNextAttemptWhenTheFirstEndpointAcceptsCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ monolith, crm, want time.Duration }{
		"both ask for a wait": {time.Minute, time.Hour, time.Minute},
		"one does not":        {time.Minute, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupEvents(t)
			f.monolith.answer, f.crm.answer = refuse("429", c.monolith, "evt_e-1_monolith"), refuse("429", c.crm, "evt_e-1_crm")
			require.Equal(t, c.want, applicationError(t, f.deliver(t)).NextRetryDelay())
		})
	}
}

func TestGoneSkipsOnlyThatEvent(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.monolith.answer = refuse("410", 0, "evt_e-2_monolith")
	require.NoError(t, f.deliver(t))
	require.Equal(t, []string{"e-1", "e-3"}, f.recordedAs("monolith", event.Delivered))
	require.Equal(t, []string{"e-2"}, f.recordedAs("monolith", event.Gone))
	require.NoError(t, f.deliver(t))
	require.Empty(t, f.monolith.ids)
}

// TestUnrecordedDeliveryIsRepeated covers the time between the endpoint's answer and its record.
func TestUnrecordedDeliveryIsRepeated(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.steps.Endpoints = f.steps.Endpoints[:1]
	f.store.record = func(event.Delivery) error { return errStore }
	requireDatabaseError(t, f.deliver(t))
	require.Equal(t, []string{"evt_e-1_monolith"}, f.monolith.ids, "a later event would not be in order")
	f.store.record = func(event.Delivery) error { return nil }
	require.NoError(t, f.deliver(t))
	require.Equal(t, []string{"evt_e-1_monolith", "evt_e-2_monolith", "evt_e-3_monolith"}, f.monolith.ids)
	require.Equal(t, f.monolith.bodies[0], f.monolith.bodies[1])
}

// TestAcceptedEventIsRecordedWhenTheAttemptEnds stops the worker while an endpoint answers.
func TestAcceptedEventIsRecordedWhenTheAttemptEnds(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.steps.Endpoints = f.steps.Endpoints[:1]
	f.newAttempt()
	ctx, cancel := context.WithCancel(t.Context())
	f.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	f.monolith.answer = func(context.Context, string) error { cancel(); return nil }
	_, err := run(t, f.fixture, f.steps.DeliverEvents, workflows.DeliverEventsInput{RegistrationID: "r-1", Through: 3})
	require.Equal(t, workflows.Attempt{Number: 1, Provider: "monolith", ProviderCode: "canceled"}, detailsOf(t, err))
	require.Equal(t, []string{"e-1"}, f.recordedAs("monolith", event.Delivered))
}

// TestNoFurtherEventWhileTheWorkerStops leaves the other events to another worker.
func TestNoFurtherEventWhileTheWorkerStops(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.steps.Endpoints = f.steps.Endpoints[:1]
	stop := make(chan struct{})
	f.monolith.answer = func(context.Context, string) error { close(stop); return nil }
	f.newAttempt()
	f.env.SetWorkerStopChannel(stop)
	_, err := run(t, f.fixture, f.steps.DeliverEvents, workflows.DeliverEventsInput{RegistrationID: "r-1", Through: 3})
	require.Equal(t, workflows.Attempt{Number: 1, Provider: "monolith", ProviderCode: "canceled"}, detailsOf(t, err))
	require.Equal(t, []string{"evt_e-1_monolith"}, f.monolith.ids)
}

func TestUnknownErrorOfAnEndpointIsDropped(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.monolith.answer = func(context.Context, string) error { return errWithPersonalData }
	err := f.deliver(t)
	require.Equal(t, string(workflows.ReasonEventUndelivered), applicationError(t, err).Type())
	require.NotContains(t, err.Error(), errWithPersonalData.Error())
}

func TestEventsThatTheDatabaseDoesNotShow(t *testing.T) {
	t.Parallel()
	for _, events := range []int{0, 2} {
		f := setupEvents(t)
		f.store.events = f.store.events[:events]
		requireDatabaseError(t, f.deliver(t))
		require.Empty(t, f.monolith.ids)
	}
	f := setupEvents(t)
	f.store.failed = errStore
	requireDatabaseError(t, f.deliver(t))
}

// TestWorkerWithoutEndpoints must not drop events: another worker may have the endpoints.
func TestWorkerWithoutEndpoints(t *testing.T) {
	t.Parallel()
	f := setupEvents(t)
	f.steps.Endpoints = nil
	err := f.deliver(t)
	require.Equal(t, string(workflows.ReasonEventUndelivered), applicationError(t, err).Type())
	require.Equal(t, workflows.Attempt{Number: 1, ProviderCode: "no_endpoint"}, detailsOf(t, err))
}
