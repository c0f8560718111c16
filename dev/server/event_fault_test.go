package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/activities"
	"registrar/dev/userdb"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/metrics"
	"registrar/internal/store"
	"registrar/internal/wiring"
	"registrar/test/parts"
	"registrar/worker"
	"registrar/workflows"
)

// anotherSecret replaces eventsSecret.
const anotherSecret = "whsec_YW5vdGhlciBvbmUsIGFsc28gb25seSBmb3IgdGVzdHM="

// eventFaults are receivers, workers and operators that do not do as they should. meanwhile runs after half of the users.
var eventFaults = []struct {
	name      string
	users     int
	fault     parts.Fault
	meanwhile func(*testing.T, *faultyDelivery)
	// unrecorded is true if the worker ends after each first answer of the receiver, before it records the delivery.
	unrecorded bool
}{
	{name: "no fault", users: 6},
	{name: "down at first", users: 6, fault: func(n int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		return n <= 5 && parts.HangUp(w, "")
	}},
	{name: "500 to each third request", users: 6, fault: func(n int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		return n%3 == 1 && answerWith(w, http.StatusInternalServerError)
	}},
	{name: "429 with Retry-After", users: 6, fault: func(n int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "2")
		return n%10 == 1 && answerWith(w, http.StatusTooManyRequests)
	}},
	{name: "hangs after each fifth event", users: 6, fault: func(n int, accept func(), _ http.ResponseWriter, r *http.Request) bool {
		if n%5 != 1 {
			return false
		}
		accept()
		<-r.Context().Done()
		return true
	}},
	{name: "closes in the middle of an answer", users: 6, fault: func(n int, accept func(), w http.ResponseWriter, _ *http.Request) bool {
		if n%3 != 1 {
			return false
		}
		accept()
		return parts.HangUp(w, "HTTP/1.1 200 OK\r\nContent-Le")
	}},
	{name: "200, but half as fast as events come", users: 6, fault: slowly(100 * time.Millisecond)},
	{name: "worker ends before the record", users: 6, unrecorded: true},
	{name: "50 users at once, answers out of order", users: 50, fault: func(_ int, _ func(), _ http.ResponseWriter, _ *http.Request) bool {
		<-time.After(rand.N(50 * time.Millisecond))
		return false
	}},
	{name: "the secret is rotated", users: 6, meanwhile: rotateSecret},
	{name: "replayed meanwhile", users: 6, fault: slowly(10 * time.Millisecond), meanwhile: replayMeanwhile},
}

func answerWith(w http.ResponseWriter, status int) bool {
	w.WriteHeader(status)
	return true
}

// slowly takes one event after the other, and a time for each.
func slowly(each time.Duration) parts.Fault {
	var one sync.Mutex
	return func(int, func(), http.ResponseWriter, *http.Request) bool {
		one.Lock()
		defer one.Unlock()
		<-time.After(each)
		return false
	}
}

// TestEventsSurviveFaults registers users while a fault lasts, and counts what the receiver got in the end: every event, those of a
// user in order, and a duplicate only under the same id.
func TestEventsSurviveFaults(t *testing.T) {
	t.Parallel()
	var (
		mu   sync.Mutex
		rows []string
	)
	t.Run("faults", func(t *testing.T) {
		for _, c := range eventFaults {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				f := startFaulty(t, c.fault, c.unrecorded)
				f.register(t, c.users, c.meanwhile)
				n, err := f.receiver.Count(f.awaitDelivered(t))
				require.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, countsRow(c.name, n, time.Since(began)))
			})
		}
	})
	t.Logf("\n%s\n%s", countsHeader, strings.Join(rows, "\n"))
}

// faultyDelivery is a service with a worker of its own for the queue events, and a receiver.
type faultyDelivery struct {
	*testService
	receiver *parts.Receiver
	store    *store.Store
	events   activities.Events
	temporal client.Client
	workers  worker.Workers
	ends     []func() // wait for the end of what meanwhile has started
}

func startFaulty(t *testing.T, fault parts.Fault, unrecorded bool) *faultyDelivery {
	t.Helper()
	r := parts.StartReceiver(t, eventsSecret, fault)
	s := startService(t, "EVENTS_URL="+r.URL, "EVENTS_SECRET="+eventsSecret, "EVENTS_TIMEOUT=1s", "PLAINTEXT_HOSTS=127.0.0.1",
		"WORKER_QUEUES=registration,notifications-high,notifications-low")
	users, err := store.Open(userdb.Open(filepath.Join(s.stack.data, "registrar.db")), store.Options{Logger: discardLogger()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = users.Close() })
	f := &faultyDelivery{testService: s, receiver: r, store: users, events: users, temporal: s.temporalClient(t)}
	if unrecorded {
		f.events = &forgetful{Store: users}
	}
	f.startWorker(t)
	t.Cleanup(func() { f.workers.Stop() })
	return f
}

// startWorker serves the queue events with the current secrets.
func (f *faultyDelivery) startWorker(t *testing.T) {
	t.Helper()
	endpoints, err := wiring.OpenEndpoints(f.stack.config, metrics.New(""), discardLogger())
	require.NoError(t, err)
	f.workers, err = worker.Start(f.temporal, &activities.Activities{Events: f.events, Endpoints: endpoints},
		worker.Options{Queues: []string{workflows.QueueEvents}, Concurrency: 100, StopTimeout: time.Second})
	require.NoError(t, err)
}

// forgetful is a store that does not record the first delivery of each event, like a worker that was killed.
type forgetful struct {
	*store.Store
	seen sync.Map
}

func (f *forgetful) RecordDelivery(ctx context.Context, d event.Delivery) error {
	if _, again := f.seen.LoadOrStore(d.EventID, true); !again {
		return errors.New("the worker has ended")
	}
	return f.Store.RecordDelivery(ctx, d)
}

// register registers users at once. Each verifies the email, which makes three events. The second half starts after meanwhile.
func (f *faultyDelivery) register(t *testing.T, users int, meanwhile func(*testing.T, *faultyDelivery)) {
	t.Helper()
	var active atomic.Int64
	half := func() {
		var all sync.WaitGroup
		for range users / 2 {
			all.Go(func() {
				form := newFormWithoutNumber()
				id := f.mustRegister(t, form).RegistrationID
				f.awaitActive(t, id, f.awaitCode(t, form.Email, 1))
				active.Add(1)
			})
		}
		all.Wait()
	}
	half()
	if meanwhile != nil {
		meanwhile(t, f)
	}
	half()
	require.EqualValues(t, users, active.Load())
}

// awaitDelivered waits until every event is recorded as delivered, and returns the ids of all events.
func (f *faultyDelivery) awaitDelivered(t *testing.T) []string {
	t.Helper()
	endpoints, err := f.stack.config.Receivers()
	require.NoError(t, err)
	all, err := f.store.Events(t.Context(), event.Filter{}, "", 1000)
	require.NoError(t, err)
	await(t, "deliveries", func() (int, bool) {
		left, err := f.store.CountEvents(t.Context(), event.Filter{Undelivered: endpoints})
		require.NoError(t, err)
		return left, left == 0
	})
	for _, end := range f.ends {
		end()
	}
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.ID
	}
	return ids
}

// rotateSecret replaces the secret as an operator does: both sign, then the receiver takes the new one, then only that signs.
func rotateSecret(t *testing.T, f *faultyDelivery) {
	for _, secrets := range []string{eventsSecret + " " + anotherSecret, anotherSecret} {
		f.workers.Stop()
		f.stack.config.Events.EventsSecret = secrets
		f.startWorker(t)
		f.receiver.SetSecret(anotherSecret)
		form := newFormWithoutNumber()
		id := f.mustRegister(t, form).RegistrationID
		f.awaitActive(t, id, f.awaitCode(t, form.Email, 1))
	}
}

// replayMeanwhile starts two replays: of all events, and of the undelivered ones.
func replayMeanwhile(t *testing.T, f *faultyDelivery) {
	endpoints, err := f.stack.config.Receivers()
	require.NoError(t, err)
	replays := engine.NewReplays(f.temporal, f.stack.config.Policy())
	for _, r := range []event.Replay{{Filter: event.Filter{Since: time.Now().Add(-time.Hour)}}, {Undelivered: true}} {
		r, err := r.For(endpoints, time.Now().Add(time.Minute))
		require.NoError(t, err)
		id := uuid.NewString()
		require.NoError(t, replays.Start(t.Context(), id, r))
		f.ends = append(f.ends, func() {
			last := await(t, "the end of the replay", func() (engine.ReplayState, bool) {
				state, err := replays.Get(t.Context(), id)
				return state, err == nil && state.Ended()
			})
			require.Equal(t, workflows.ReplayCompleted, last.Status)
		})
	}
}
