package workflows_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/retention"
	"registrar/workflows"
)

// setupRetention sets up a database in which the rules have so many calls to do. The cursor counts them.
func setupRetention(t *testing.T, calls map[retention.Rule]int) (*fixture, *[]string) {
	t.Helper()
	f, seen := setup(t), new([]string)
	f.fake.deleteExpired = func(_ context.Context, in workflows.DeleteExpiredInput) (retention.Done, error) {
		*seen = append(*seen, string(in.Rule)+" "+in.After)
		if calls[in.Rule]--; calls[in.Rule] <= 0 {
			return retention.Done{}, nil
		}
		return retention.Done{Deleted: 10, After: strconv.Itoa(calls[in.Rule]), More: true}, nil
	}
	return f, seen
}

func TestRetention(t *testing.T) {
	t.Parallel()
	f, seen := setupRetention(t, map[retention.Rule]int{retention.Reports: 3, retention.Audit: 2})
	f.env.ExecuteWorkflow(workflows.RetentionWorkflowType)
	require.NoError(t, f.env.GetWorkflowError())
	var out workflows.RetentionResult
	require.NoError(t, f.env.GetWorkflowResult(&out))
	require.Equal(t, map[retention.Rule]int{retention.Reports: 20, retention.Audit: 10}, out.Deleted)
	require.Equal(t, []string{
		"report_tokens ", "delivery_reports ", "delivery_reports 2", "delivery_reports 1", "notifications_without_user ",
		"delivery_attempts_without_user ", "notifications ", "delivery_attempts ", "events ", "gate_answers ", "audit ", "audit 1",
	}, *seen)
	require.Contains(t, f.details(), "deleted 10 rows: delivery_reports")
	require.Empty(t, f.attributes)
}

func TestRetentionContinuesAsNew(t *testing.T) {
	t.Parallel()
	f, seen := setupRetention(t, map[retention.Rule]int{retention.Reports: 10_000})
	f.env.ExecuteWorkflow(workflows.RetentionWorkflowType)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, f.env.GetWorkflowError(), &next)
	require.Len(t, *seen, 500)

	again, rest := setupRetention(t, map[retention.Rule]int{retention.Reports: 2})
	in := workflows.RetentionInput{Deleted: map[retention.Rule]int{retention.Reports: 4990}, Rules: retention.Rules[1:], After: "9501"}
	again.env.ExecuteWorkflow(workflows.RetentionWorkflowType, in)
	var out workflows.RetentionResult
	require.NoError(t, again.env.GetWorkflowResult(&out))
	require.Equal(t, 5000, out.Deleted[retention.Reports])
	require.Equal(t, []string{"delivery_reports 9501", "delivery_reports 1"}, (*rest)[:2])
	require.False(t, slices.Contains(*rest, "report_tokens "), "a finished rule does not run again")
}

func TestRetentionParks(t *testing.T) {
	t.Parallel()
	f, seen := setupRetention(t, map[retention.Rule]int{})
	failFirst(&f.fake.deleteExpired, failure(workflows.ReasonDatabaseUnavailable))
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.env.ExecuteWorkflow(workflows.RetentionWorkflowType)
	require.NoError(t, f.env.GetWorkflowError())
	require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
	require.Len(t, *seen, len(retention.Rules))
}
