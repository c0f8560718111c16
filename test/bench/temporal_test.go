package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// update keeps the answer to an update of a test environment.
type update struct {
	t        *testing.T
	answered time.Time
	answer   []byte
	now      func() time.Time
}

func (u *update) Accept() {}

func (u *update) Reject(err error) { require.NoError(u.t, err) }

func (u *update) Complete(success any, err error) {
	require.NoError(u.t, err)
	u.answered, u.answer = u.now(), success.([]byte)
}

// The ceiling's workflow answers the first update at once, sends a code, and ends after the second update.
func TestCeiling(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	l := &ceiling{script: script{
		Input: 7, Result: 5, Persisted: 3, VerifyIn: 2, VerifyOut: 4, Local: []int{1, 2},
		Activities: []activityScript{{"low", 1, 2}, {"high", 3, 4}, {"low", 5, 6}},
	}}
	env.RegisterWorkflowWithOptions(l.run, workflow.RegisterOptions{Name: ceilingWorkflow})
	env.RegisterActivityWithOptions(l.local, activity.RegisterOptions{Name: ceilingLocal})
	env.RegisterActivityWithOptions(l.remote, activity.RegisterOptions{Name: ceilingRemote})
	sent := make(chan struct{})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "bench-1", TaskQueue: ceilingQueue})
	l.sent.Store("bench-1", sent)
	began := env.Now()
	first, second := &update{t: t, now: env.Now}, &update{t: t, now: env.Now}
	env.RegisterDelayedCallback(func() { env.UpdateWorkflow("persisted", "1", first) }, 0)
	env.RegisterDelayedCallback(func() {
		require.Len(t, first.answer, 3)
		select {
		case <-sent:
		default:
			require.Fail(t, "no code was sent")
		}
		env.UpdateWorkflow("verify", "2", second, make([]byte, 2))
	}, time.Minute)
	env.ExecuteWorkflow(ceilingWorkflow, make([]byte, 7))
	require.NoError(t, env.GetWorkflowError())
	var result []byte
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Len(t, result, 5)
	require.Len(t, second.answer, 4)
	require.WithinDuration(t, began.Add(time.Minute), second.answered, time.Second)
}

func TestCeilingRefusesAnotherScript(t *testing.T) {
	t.Parallel()
	_, err := runTemporal(context.Background(), temporalInput{Script: script{Local: []int{1}}})
	require.ErrorContains(t, err, "change the ceiling's workflow")
}
