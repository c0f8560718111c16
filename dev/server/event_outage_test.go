package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"registrar/activities"
	"registrar/dev/userdb"
	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
	"registrar/internal/webhook"
	"registrar/test/parts"
	"registrar/workflows"
)

// TestReceiverIsDownForAnHour changes a user while the receiver is down for an hour of workflow time. The clock skips the time between
// the attempts; the database and the receiver are real. The SDK's test environment makes at most 10 attempts, so the step parks, and an
// operator retries it.
func TestReceiverIsDownForAnHour(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	r := parts.StartReceiver(t, eventsSecret, func(_ int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		return down.Load() && parts.HangUp(w, "")
	})
	users, err := store.Open(userdb.Open(filepath.Join(t.TempDir(), "users.db")),
		store.Options{Logger: discardLogger(), Events: event.Recording{Types: event.Types}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = users.Close() })
	require.NoError(t, users.Migrate(t.Context()))
	registration := user.Registration{ID: uuid.NewString(), PasswordHash: "none", RequestedAt: time.Now(), Profile: user.Profile{
		FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com", EmailCanonical: "ada@example.com", Locale: "en",
	}}
	stored, err := users.Persist(t.Context(), registration)
	require.NoError(t, err)
	_, err = users.Activate(t.Context(), user.Activation{Registration: registration, At: time.Now(), EmailProven: true})
	require.NoError(t, err)

	poster, err := webhook.New(webhook.Options{Name: "default", URL: r.URL, Secrets: []string{eventsSecret}, AllowPrivate: true})
	require.NoError(t, err)
	steps := &activities.Activities{Users: users, Events: users, Endpoints: []activities.Endpoint{
		{Endpoint: event.Endpoint{Name: "default", Types: event.Types, Whole: true}, Poster: poster},
	}}
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(steps.ChangeUser, activity.RegisterOptions{Name: "ChangeUser"})
	env.RegisterActivityWithOptions(steps.DeliverEvents, activity.RegisterOptions{Name: "DeliverEvents"})
	env.RegisterDelayedCallback(func() {
		down.Store(false)
		env.SignalWorkflow(workflows.SignalRetry, nil)
	}, time.Hour)
	policy := workflows.DefaultPolicy()
	in := workflows.UserChangeInput{
		ChangeID: uuid.NewString(), UserID: stored.UserID, Kind: user.ChangeBlock, Actor: "admin", At: time.Now(),
		Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
	}
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.UserChangeWorkflowID(in.UserID, in.ChangeID)})
	began := env.Now()
	env.ExecuteWorkflow(workflows.UserChangeWorkflow, in)
	require.NoError(t, env.GetWorkflowError())
	require.GreaterOrEqual(t, env.Now().Sub(began), time.Hour)

	events, err := users.EventsOf(t.Context(), registration.ID)
	require.NoError(t, err)
	var ids []string
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	n, err := r.Count(ids)
	require.NoError(t, err)
	t.Logf("\n%s\n%s", countsHeader, countsRow("down for an hour of workflow time", n, env.Now().Sub(began)))
	require.Equal(t, parts.EventCounts{Events: 4, Requests: n.Requests, Received: 4}, n)
	require.Greater(t, n.Requests, 10)
}

const countsHeader = "| fault | events | requests | received | duplicates | out of order | lost | time |"

func countsRow(name string, n parts.EventCounts, took time.Duration) string {
	return fmt.Sprintf("| %-40s | %6d | %8d | %8d | %10d | %12d | %4d | %s |",
		name, n.Events, n.Requests, n.Received, n.Duplicates, n.OutOfOrder, n.Lost, took.Round(100*time.Millisecond))
}
