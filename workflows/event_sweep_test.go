package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/workflows"
)

type positions = map[string]workflows.SweepPosition

// setupSweep sets up a sweep after a last one. Each call delivers 10 events, the last one of calls finishes.
func setupSweep(t *testing.T, calls int, last any) (*fixture, *[]workflows.SweepEventsInput) {
	t.Helper()
	f, seen := setup(t), new([]workflows.SweepEventsInput)
	f.fake.sweepEvents = func(_ context.Context, in workflows.SweepEventsInput) (workflows.SweepEventsResult, error) {
		*seen = append(*seen, in)
		return workflows.SweepEventsResult{
			Positions: positions{"crm": {Complete: in.Positions["crm"].Complete + "+"}}, Delivered: 10, More: len(*seen) < calls,
		}, nil
	}
	if last != nil {
		f.env.SetLastCompletionResult(last)
	}
	return f, seen
}

func sweep(t *testing.T, f *fixture) (out workflows.EventSweepResult) {
	t.Helper()
	f.env.ExecuteWorkflow(workflows.EventSweepWorkflowType)
	require.NoError(t, f.env.GetWorkflowError())
	require.NoError(t, f.env.GetWorkflowResult(&out))
	return out
}

func TestEventSweep(t *testing.T) {
	t.Parallel()
	f, seen := setupSweep(t, 3, nil)
	began := f.env.Now()
	out := sweep(t, f)
	before := began.Add(-workflows.SweepAge)
	require.WithinDuration(t, before, out.FullAt, time.Second)
	require.Equal(t, workflows.EventSweepResult{Positions: positions{"crm": {Complete: "+++"}}, FullAt: out.FullAt, Delivered: 30}, out)
	require.Equal(t, []workflows.SweepEventsInput{
		{Before: event.FirstID(out.FullAt)},
		{Before: event.FirstID(out.FullAt), Positions: positions{"crm": {Complete: "+"}}},
		{Before: event.FirstID(out.FullAt), Positions: positions{"crm": {Complete: "++"}}},
	}, *seen)
	require.Contains(t, f.details(), "delivered 30 events")
	require.Empty(t, f.attributes)
}

func TestEventSweepContinuesAfterTheLastOne(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		full time.Duration // ago
		from positions
	}{
		"continues":             {23 * time.Hour, positions{"crm": {Complete: "e-1", After: "e-2", Refused: true}}},
		"a full one once a day": {25 * time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := workflows.EventSweepResult{
				Positions: positions{"crm": {Complete: "e-1", After: "e-2", Refused: true}}, FullAt: time.Now().Add(-tt.full), Delivered: 5,
			}
			f, seen := setupSweep(t, 1, last)
			out := sweep(t, f)
			require.Equal(t, 10, out.Delivered)
			require.Equal(t, tt.from, (*seen)[0].Positions)
			require.Equal(t, tt.from == nil, out.FullAt.After(last.FullAt))
		})
	}
	f, seen := setupSweep(t, 1, "not the result of a sweep")
	sweep(t, f)
	require.Empty(t, (*seen)[0].Positions)
}

func TestEventSweepEnds(t *testing.T) {
	t.Parallel()
	f, seen := setupSweep(t, 1000, nil)
	sweep(t, f)
	require.Len(t, *seen, 100, "the schedule starts the next one")
}

func TestEventSweepParks(t *testing.T) {
	t.Parallel()
	f, _ := setupSweep(t, 1, nil)
	failFirst(&f.fake.sweepEvents, failure(workflows.ReasonDatabaseUnavailable))
	f.signalAt(time.Hour, workflows.SignalRetry)
	require.Equal(t, 10, sweep(t, f).Delivered)
	require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
}
