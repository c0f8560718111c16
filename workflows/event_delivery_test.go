package workflows_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/event"
	"registrar/workflows"
)

// replayFake has the activities of replays.
type replayFake struct {
	countEvents  func(context.Context, workflows.ReplayInput) (workflows.CountEventsResult, error)
	replayEvents func(context.Context, workflows.ReplayInput) (workflows.ReplayResult, error)
	sweepEvents  func(context.Context, workflows.SweepEventsInput) (workflows.SweepEventsResult, error)
}

func (f *replayFake) SweepEvents(ctx context.Context, in workflows.SweepEventsInput) (workflows.SweepEventsResult, error) {
	return f.sweepEvents(ctx, in)
}

func (f *replayFake) CountEvents(ctx context.Context, in workflows.ReplayInput) (workflows.CountEventsResult, error) {
	return f.countEvents(ctx, in)
}

func (f *replayFake) ReplayEvents(ctx context.Context, in workflows.ReplayInput) (workflows.ReplayResult, error) {
	return f.replayEvents(ctx, in)
}

func (f *fixture) registerReplays() {
	f.env.RegisterWorkflowWithOptions(workflows.EventDeliveryWorkflow, workflow.RegisterOptions{Name: workflows.EventDeliveryWorkflowType})
	f.env.RegisterWorkflowWithOptions(workflows.EventSweepWorkflow, workflow.RegisterOptions{Name: workflows.EventSweepWorkflowType})
	f.env.RegisterActivityWithOptions(noted(f, "sweep", &f.fake.sweepEvents), activity.RegisterOptions{Name: "SweepEvents"})
	f.env.RegisterActivityWithOptions(noted(f, "count", &f.fake.countEvents), activity.RegisterOptions{Name: "CountEvents"})
	f.env.RegisterActivityWithOptions(noted(f, "replay", &f.fake.replayEvents), activity.RegisterOptions{Name: "ReplayEvents"})
}

// replayFixture is a replay to two endpoints, each of which has so many batches of 100 events. The cursor counts them.
type replayFixture struct {
	*fixture
	in   workflows.EventDeliveryInput
	seen map[string][]string // cursors by endpoint
}

func setupReplay(t *testing.T, batches int) *replayFixture {
	t.Helper()
	policy := workflows.DefaultPolicy()
	f := &replayFixture{fixture: setup(t), seen: map[string][]string{}, in: workflows.EventDeliveryInput{
		ID: "d-1", Filter: event.Filter{UserID: "u-1"}, Undelivered: true, Endpoints: []string{"crm", "monolith"},
		Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
	}}
	f.fake.countEvents = func(_ context.Context, in workflows.ReplayInput) (workflows.CountEventsResult, error) {
		require.True(t, in.Undelivered)
		require.Equal(t, "u-1", in.Filter.UserID)
		return workflows.CountEventsResult{Events: 100 * batches}, nil
	}
	f.fake.replayEvents = func(_ context.Context, in workflows.ReplayInput) (workflows.ReplayResult, error) {
		require.Equal(t, 100, in.Size)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.seen[in.Endpoint] = append(f.seen[in.Endpoint], in.After)
		n := 1
		if _, err := fmt.Sscan(in.After, &n); err == nil {
			n++
		}
		return workflows.ReplayResult{Delivered: 100, After: strconv.Itoa(n), Done: n == batches}, nil
	}
	return f
}

func (f *replayFixture) run() error {
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.EventDeliveryWorkflowID(f.in.ID)})
	f.env.ExecuteWorkflow(workflows.EventDeliveryWorkflowType, f.in)
	require.True(f.t, f.env.IsWorkflowCompleted())
	return f.env.GetWorkflowError()
}

func (f *replayFixture) progress() (p workflows.EventDeliveryProgress) {
	f.t.Helper()
	answer, err := f.env.QueryWorkflow(workflows.QueryProgress)
	require.NoError(f.t, err)
	require.NoError(f.t, answer.Get(&p))
	return p
}

func TestReplayOfEvents(t *testing.T) {
	t.Parallel()
	f := setupReplay(t, 3)
	require.NoError(t, f.run())
	require.Equal(t, map[string][]string{"crm": {"", "1", "2"}, "monolith": {"", "1", "2"}}, f.seen)
	var out workflows.EventDeliveryProgress
	require.NoError(t, f.env.GetWorkflowResult(&out))
	require.Equal(t, f.progress(), out)
	require.Equal(t, workflows.ReplayCompleted, out.Status)
	require.False(t, out.EndedAt.IsZero())
	require.Equal(t, []workflows.EndpointProgress{
		{Endpoint: "crm", Counted: true, Events: 300, Delivered: 300, After: "3", Done: true},
		{Endpoint: "monolith", Counted: true, Events: 300, Delivered: 300, After: "3", Done: true},
	}, out.Endpoints)
	require.Contains(t, f.details(), "300 of 300 delivered to crm")
	require.Empty(t, f.attributes)
}

func TestReplayContinuesAsNew(t *testing.T) {
	t.Parallel()
	f := setupReplay(t, 10_000)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, f.run(), &next)
	crm, monolith := len(f.seen["crm"]), len(f.seen["monolith"])
	require.Equal(t, 500, crm+monolith)

	last := max(crm, monolith) + 1
	again := setupReplay(t, last)
	again.in.Progress = f.progress()
	again.fake.countEvents = nil // the endpoints are counted
	require.NoError(t, again.run())
	require.Equal(t, strconv.Itoa(crm), again.seen["crm"][0])
	require.Equal(t, strconv.Itoa(monolith), again.seen["monolith"][0])
	require.Equal(t, 100*last, again.progress().Endpoints[0].Delivered)
}

// TestReplayParks fails one endpoint for good. The other one is not affected, and the retry goes on where it stopped.
func TestReplayParks(t *testing.T) {
	t.Parallel()
	f := setupReplay(t, 3)
	succeed, failed := f.fake.replayEvents, false
	f.fake.replayEvents = func(ctx context.Context, in workflows.ReplayInput) (workflows.ReplayResult, error) {
		if in.Endpoint == "crm" && in.After == "2" && !failed {
			failed = true
			return workflows.ReplayResult{}, failure(workflows.ReasonEventUndelivered)
		}
		return succeed(ctx, in)
	}
	f.at(time.Hour, func() {
		p := f.progress()
		require.Equal(t, workflows.ReplayFailed, p.Status)
		require.Equal(t, workflows.ReasonEventUndelivered, p.Reason)
		require.True(t, p.EndedAt.IsZero())
		require.True(t, p.Endpoints[1].Done)
	})
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	require.NoError(t, f.run())
	require.Equal(t, map[string][]string{"crm": {"", "1", "2"}, "monolith": {"", "1", "2"}}, f.seen)
	require.Equal(t, []string{"failed event_undelivered", "accepted -"}, f.attributes)
	require.Equal(t, workflows.ReplayCompleted, f.progress().Status)
}

func TestReplayEndsEarly(t *testing.T) {
	t.Parallel()
	t.Run("abandoned", func(t *testing.T) {
		t.Parallel()
		f := setupReplay(t, 3)
		f.fake.countEvents = func(context.Context, workflows.ReplayInput) (workflows.CountEventsResult, error) {
			return workflows.CountEventsResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		f.signalAt(time.Hour, workflows.SignalAbandon)
		require.ErrorContains(t, f.run(), "could not deliver the events")
		p := f.progress()
		require.Equal(t, workflows.ReplayFailed, p.Status)
		require.Equal(t, workflows.ReasonDatabaseUnavailable, p.Reason)
		require.False(t, p.EndedAt.IsZero())
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		f := setupReplay(t, 3)
		f.fake.replayEvents = func(context.Context, workflows.ReplayInput) (workflows.ReplayResult, error) {
			return workflows.ReplayResult{}, failure(workflows.ReasonEventUndelivered)
		}
		f.at(time.Hour, f.env.CancelWorkflow)
		require.True(t, temporal.IsCanceledError(f.run()))
		require.Equal(t, workflows.ReplayCancelled, f.progress().Status)
	})
	t.Run("foreign id", func(t *testing.T) {
		t.Parallel()
		f := setupReplay(t, 3)
		f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.EventDeliveryWorkflowID("another")})
		f.env.ExecuteWorkflow(workflows.EventDeliveryWorkflowType, f.in)
		require.Error(t, f.env.GetWorkflowError())
		require.Empty(t, f.calls)
	})
}
