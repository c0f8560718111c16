package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// step is a part of a workflow that can fail and be retried separately.
type step string

const (
	stepPersist    step = "store the user"
	stepActivate   step = "activate the user"
	stepExpire     step = "expire the registration"
	stepOTP        step = "send the code"
	stepWelcome    step = "send the welcome email"
	stepCompletion step = "send the completion SMS"
	stepLedger     step = "write the ledger"
)

// stepOrder ranks the steps by the effect of their failure on the user. The first parked step gives the FailureReason.
var stepOrder = []step{stepPersist, stepActivate, stepExpire, stepOTP, stepWelcome, stepCompletion, stepLedger}

// parkedStep is a step that used up its budget.
type parkedStep struct {
	reason   FailureReason
	since    time.Time
	times    int // how often the step has parked, including this time
	attempts int // of the activity since the step began, as far as reported
	last     Try // zero if the activity reported none
}

// step runs a step until it succeeds. An error means that the step was cancelled, was abandoned, or parked for too long.
func (r *registration) step(ctx workflow.Context, s step, run func(workflow.Context) error) error {
	attempts := 0
	for times := 1; ; times++ {
		budget := s.budget(r.budgets)
		err := run(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last := lastTry(err)
		attempts += last.Number
		if s.budget(r.budgets) > budget && isRetryable(err) { // an operator raised the budget during the run
			times--
			continue
		}
		if err := r.park(ctx, s, parkedStep{r.reasonOf(s, err), workflow.Now(ctx), times, attempts, last}); err != nil {
			return err
		}
	}
}

// isRetryable reports whether more attempts may help after a budget was used up.
func isRetryable(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return !ok || !app.NonRetryable()
}

// startStep runs a step in parallel. Its final error ends the registration.
func (r *registration) startStep(ctx workflow.Context, s step, run func(workflow.Context) error) workflow.Future {
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := r.step(ctx, s, run)
		if err != nil && !temporal.IsCanceledError(err) {
			r.failure = err
			return
		}
		settle.SetValue(nil)
	})
	return done
}

// park waits for an operator. It returns nil on the signal retry, and an error if the step is abandoned, waits too long or
// is cancelled.
//
// Meanwhile the search attributes have the status failed and the reason, so that operators find the registration. The
// workflow stays running, so that a retry runs only this step again.
func (r *registration) park(ctx workflow.Context, s step, p parkedStep) error {
	r.parked[s] = p
	if s == stepOTP {
		r.codeAwaitsOperator = p.reason != ReasonSMSRejected && p.reason != ReasonEmailRejected
	}
	seen := r.retries
	r.addDetail(ctx, fmt.Sprintf("could not %s: %s%s", s, p.reason, p.last))
	if err := r.publish(ctx); err != nil {
		return err
	}
	parking := workflow.AwaitOptions{
		Timeout: r.in.Policy.ParkingTime, TimerOptions: workflow.TimerOptions{Summary: "wait for an operator: " + string(s)},
	}
	woken, err := workflow.AwaitWithOptions(ctx, parking, func() bool { return r.retries > seen || r.abandoned })
	if err == nil && (!woken || r.abandoned) {
		return r.parkedFailure()
	}
	delete(r.parked, s)
	if err != nil {
		r.addDetail(ctx, "no longer needed: "+string(s))
		return errors.Join(err, r.publish(ctx))
	}
	r.addDetail(ctx, "retry by an operator: "+string(s))
	return r.publish(ctx)
}

// parkedFailure is the error of a registration that fails while steps are parked. Its type is the reason in the search
// attributes. It is nil if no step is parked.
func (r *registration) parkedFailure() error {
	first, ok := r.firstParked()
	if !ok {
		return nil
	}
	return temporal.NewNonRetryableApplicationError("could not "+string(first), string(r.parked[first].reason), nil)
}

// lastTry returns the last attempt in an activity's error, or a zero Try if the error has none.
func lastTry(err error) Try {
	var last Try
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.HasDetails() {
		_ = app.Details(&last) // after an error, the reason is still known
	}
	return last
}

// String returns the attempt as the end of a line in the details.
func (t Try) String() string {
	switch {
	case t.Number == 0:
		return ""
	case t.Code == message.CodeExhausted:
		return fmt.Sprintf(" (attempt %d, every provider has reported the message undelivered)", t.Number)
	case t.Provider == "":
		return fmt.Sprintf(" (attempt %d)", t.Number)
	default:
		return fmt.Sprintf(" (attempt %d, %s answered %s)", t.Number, t.Provider, t.Code)
	}
}

// reasonOf returns the reason of a step that used up its budget.
func (r *registration) reasonOf(s step, err error) FailureReason {
	switch {
	case s == stepWelcome, s == stepOTP && r.code.channel == message.ChannelEmail:
		return reasonOf(err, ReasonEmailUnavailable)
	case s == stepOTP, s == stepCompletion:
		return reasonOf(err, ReasonSMSUnavailable)
	default:
		return reasonOf(err, ReasonDatabaseUnavailable)
	}
}

// reasonOf returns the reason in an activity's error. It returns fallback if no worker picked up the task or the attempt
// timed out, so that the activity could not report a reason.
func reasonOf(err error, fallback FailureReason) FailureReason {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		if reason := FailureReason(app.Type()); slices.Contains(failureReasons, reason) {
			return reason
		}
		return ReasonInternal
	}
	if _, ok := errors.AsType[*temporal.PanicError](err); ok {
		return ReasonInternal
	}
	return fallback
}
