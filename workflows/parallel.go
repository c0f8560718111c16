package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// startStep runs a step in parallel. Its final error ends the workflow.
func (r *stepRunner) startStep(ctx workflow.Context, s step, run func(workflow.Context) error) workflow.Future {
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := r.runStep(ctx, s, run)
		if err != nil && !temporal.IsCanceledError(err) {
			r.failure = err
			return
		}
		settle.SetValue(nil)
	})
	return done
}

// startStepIf is startStep for a step that may not be needed.
func (r *stepRunner) startStepIf(ctx workflow.Context, needed bool, s step, run func(workflow.Context) error) workflow.Future {
	if needed {
		return r.startStep(ctx, s, run)
	}
	done, settle := workflow.NewFuture(ctx)
	settle.SetValue(nil)
	return done
}

// await waits for a condition, or for the failure of a parallel step.
func (r *stepRunner) await(ctx workflow.Context, condition func() bool) error {
	if err := workflow.Await(ctx, func() bool { return r.failure != nil || condition() }); err != nil {
		return err
	}
	if condition() {
		return nil
	}
	return r.failure
}
