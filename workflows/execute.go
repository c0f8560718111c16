package workflows

import (
	"context"
	"reflect"
	"runtime"
	"strings"

	"go.temporal.io/sdk/workflow"
)

// activity is a method expression of Activities, such as Activities.SendOTP.
type activity[I, O any] func(Activities, context.Context, I) (O, error)

// name is the activity's registered name, which is the method's name.
func (a activity[I, O]) name() string {
	full := runtime.FuncForPC(reflect.ValueOf(a).Pointer()).Name()
	return full[strings.LastIndexByte(full, '.')+1:]
}

func (a activity[I, O]) step() step { return step(a.name()) }

// execute runs an activity with its options in steps. The SDK does not check argument types; here a wrong type does not
// compile.
func execute[I, O any](ctx workflow.Context, b Budgets, summary string, a activity[I, O], in I) (O, error) {
	var out O
	err := begin(ctx, b, summary, a, in).Get(ctx, &out)
	return out, err
}

// begin starts an activity like execute, and does not wait for it.
func begin[I, O any](ctx workflow.Context, b Budgets, summary string, a activity[I, O], in I) workflow.Future {
	ctx = workflow.WithActivityOptions(ctx, ActivityOptions(ctx, b, summary, a.name()))
	return workflow.ExecuteActivity(ctx, a.name(), in)
}

// ActivityOptions returns the options with which a workflow runs an activity. It is exported for tests of the queues.
func ActivityOptions(ctx workflow.Context, b Budgets, summary, activity string) workflow.ActivityOptions {
	options := steps[step(activity)].activity(b, summary)
	if options.Priority.PriorityKey == priorityCampaign { // campaigns share the queue fairly
		options.Priority.FairnessKey = workflow.GetInfo(ctx).WorkflowExecution.ID
	}
	return options
}

// executeLocally runs an activity inside the workflow task and falls back to execute. The workflow's own worker must serve
// the activity.
func executeLocally[I, O any](ctx workflow.Context, b Budgets, summary string, a activity[I, O], in I) (O, error) {
	var out O
	// An attempt in progress is not cancelled: its effects would stay, but its result would be lost.
	local, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	local = workflow.WithLocalActivityOptions(local, steps[a.step()].local(summary))
	if err := workflow.ExecuteLocalActivity(local, a.name(), in).Get(local, &out); err == nil || ctx.Err() != nil {
		return out, err
	}
	return execute(ctx, b, summary, a, in)
}
