package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

func TestSignalsAreHandledInTheOrderOfTheHandlers(t *testing.T) {
	t.Parallel()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	var handled []string
	flow := func(ctx workflow.Context) error {
		handler := func(name string) signalHandler {
			return onPlainSignal(name, "", func() { handled = append(handled, name) })
		}
		// The signals arrive before the handlers are set, so they arrive together.
		if err := workflow.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		handleSignals(ctx, handler("first"), handler("second"))
		return workflow.Await(ctx, func() bool { return len(handled) == 5 })
	}
	env.RegisterDelayedCallback(func() {
		for _, name := range []string{"second", "first", "second"} {
			env.SignalWorkflow(name, nil)
		}
	}, time.Second)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("second", nil) }, 2*time.Minute)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("first", nil) }, 3*time.Minute)
	env.ExecuteWorkflow(flow)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"first", "second", "second", "second", "first"}, handled)
}

func TestSignalsOfACancelledWorkflowAreHandled(t *testing.T) {
	t.Parallel()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	handled := false
	flow := func(ctx workflow.Context) error {
		handleSignals(ctx, onPlainSignal("late", "", func() { handled = true }))
		ctx.Done().Receive(ctx, nil)
		ctx, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		return workflow.Await(ctx, func() bool { return handled })
	}
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Second)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("late", nil) }, time.Minute)
	env.ExecuteWorkflow(flow)
	require.NoError(t, env.GetWorkflowError())
	require.True(t, handled)
}

// An input that cannot be read must not block the signals after it.
func TestSignalsWithUnreadableInputAreDropped(t *testing.T) {
	t.Parallel()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	var handled []any
	flow := func(ctx workflow.Context) error {
		numbers := onSignal("number", "", func(_ workflow.Context, in int) { handled = append(handled, in) })
		plain := onPlainSignal("plain", "", func() { handled = append(handled, "plain") })
		handleSignals(ctx, numbers, plain)
		return workflow.Sleep(ctx, time.Hour)
	}
	for age, signal := range []func(){
		func() { env.SignalWorkflow("number", "text") },
		func() { env.SignalWorkflow("plain", nil) },
		func() {
			env.SignalWorkflow("number", "text")
			env.SignalWorkflow("number", 1)
			env.SignalWorkflow("number", "text")
		},
		func() { env.SignalWorkflow("plain", nil) },
	} {
		env.RegisterDelayedCallback(signal, time.Duration(age+1)*time.Minute)
	}
	env.ExecuteWorkflow(flow)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []any{"plain", 1, "plain"}, handled)
}
