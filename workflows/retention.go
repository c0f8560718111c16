package workflows

import (
	"cmp"
	"context"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/retention"
)

// Names for clients of RetentionWorkflow.
const (
	RetentionWorkflowType = "RetentionWorkflow"
	// RetentionScheduleID is the id of the schedule that starts RetentionWorkflow, and the beginning of the ids of its workflows.
	RetentionScheduleID = "retention"
)

// RetentionActivities are the steps of RetentionWorkflow.
type RetentionActivities interface {
	// DeleteExpired deletes old rows for some seconds. It is idempotent.
	DeleteExpired(context.Context, DeleteExpiredInput) (retention.Done, error)
}

// DeleteExpiredInput is the input of DeleteExpired.
type DeleteExpiredInput struct {
	Rule  retention.Rule
	After string // Done.After of the call before; empty for the first
}

// RetentionResult is the result of RetentionWorkflow.
type RetentionResult struct {
	Deleted map[retention.Rule]int // rows
}

// maxRetentionCalls is the number of calls of DeleteExpired in one run. Each is six events.
const maxRetentionCalls = 500

// RetentionInput continues RetentionWorkflow as new. The schedule starts it without an input.
type RetentionInput struct {
	Deleted map[retention.Rule]int
	Rules   []retention.Rule // what is left; nil for all
	After   string
}

// AcceptsPlainInput lets the data converter decode the schedule's start, which has no input. The input cannot do harm: it only
// says which rules are left.
func (*RetentionInput) AcceptsPlainInput() {}

// RetentionWorkflow deletes the rows that are older than the settings of the worker allow. A step that used up its budget parks
// like those of a registration; until then, the schedule starts no other run.
func RetentionWorkflow(ctx workflow.Context, in RetentionInput) (RetentionResult, error) {
	policy := DefaultPolicy()
	r := &retentionRun{in: in}
	if in.Rules == nil {
		r.in.Rules, r.in.Deleted = retention.Rules, map[retention.Rule]int{}
	}
	r.stepRunner = newStepRunner(r, policy.Budgets, policy.ParkingTime, published{attribute: attributeStatus, status: r.publicStatus()})
	r.listenForOperators(ctx)
	for calls := 0; len(r.in.Rules) > 0; calls++ {
		if calls == maxRetentionCalls {
			return RetentionResult{}, workflow.NewContinueAsNewError(ctx, RetentionWorkflowType, r.in)
		}
		if err := r.deleteSome(ctx); err != nil {
			r.ended = true
			r.addDetail(ctx, "the retention has failed")
			return RetentionResult{}, err
		}
	}
	return RetentionResult{r.in.Deleted}, nil
}

// retentionRun is the state of one run.
type retentionRun struct {
	stepRunner
	in RetentionInput // what is left
}

// deleteSome deletes rows of the first rule that is left.
func (r *retentionRun) deleteSome(ctx workflow.Context) error {
	rule := r.in.Rules[0]
	var done retention.Done
	if err := runActivity(ctx, &r.stepRunner, Activities.DeleteExpired, DeleteExpiredInput{rule, r.in.After}, &done); err != nil {
		return err
	}
	if done.Deleted > 0 {
		r.in.Deleted[rule] += done.Deleted
		r.addDetail(ctx, fmt.Sprintf("deleted %d rows: %s", done.Deleted, rule))
	}
	if r.in.After = done.After; !done.More {
		r.in.Rules, r.in.After = r.in.Rules[1:], ""
	}
	return nil
}

func (*retentionRun) unavailable(s step) FailureReason { return steps[s].unavailable }
func (*retentionRun) publicStatus() string             { return string(StatusAccepted) }

func (r *retentionRun) detailHeader(failed string) string {
	return cmp.Or(failed, "**retention** of the user database")
}
