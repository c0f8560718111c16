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

// step is a part of a registration that can fail and be retried on its own.
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

// stepOrder ranks the steps by how much a person feels their failure; the first parked one gives the FailureReason.
var stepOrder = []step{stepPersist, stepActivate, stepExpire, stepOTP, stepWelcome, stepCompletion, stepLedger}

// parking is a step that used up its budget.
type parking struct {
	reason FailureReason
	since  time.Time
	times  int // how often the step has parked, this time included
	tries  int // of the activity since the step began, as far as it could tell
	last   Try // zero when the activity could not say
}

// step runs a step until it succeeds. Its error is final: the step was cancelled or abandoned, or parked for too long.
func (r *registration) step(ctx workflow.Context, s step, run func(workflow.Context) error) error {
	tries := 0
	for times := 1; ; times++ {
		had := s.budget(r.budgets)
		err := run(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last := lastTry(err)
		tries += last.Number
		if s.budget(r.budgets) > had && mayHelp(err) {
			times--
			continue
		}
		if err := r.park(ctx, s, parking{r.reasonOf(s, err), workflow.Now(ctx), times, tries, last}); err != nil {
			return err
		}
	}
}

// mayHelp tells whether trying again may help, after a budget was used up.
func mayHelp(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return !ok || !app.NonRetryable()
}

// begin runs a step beside the others. Its final error ends the registration.
func (r *registration) begin(ctx workflow.Context, s step, run func(workflow.Context) error) workflow.Future {
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

// park waits for an operator: it returns nil on the retry signal, and an error when the step is given up.
//
// The search attributes say failed and why, so that operators find the registration; it stays running, so that the
// retry runs only this step again.
func (r *registration) park(ctx workflow.Context, s step, p parking) error {
	r.parked[s] = p
	if s == stepOTP {
		r.held = p.reason != ReasonSMSRejected && p.reason != ReasonEmailRejected
	}
	seen := r.retries
	r.tell(ctx, fmt.Sprintf("could not %s: %s%s", s, p.reason, p.last))
	if err := r.publish(ctx); err != nil {
		return err
	}
	patience := workflow.AwaitOptions{
		Timeout: r.in.Policy.ParkingTime, TimerOptions: workflow.TimerOptions{Summary: "wait for an operator: " + string(s)},
	}
	woken, err := workflow.AwaitWithOptions(ctx, patience, func() bool { return r.retries > seen || r.abandoned })
	if err == nil && (!woken || r.abandoned) {
		return r.parkedFailure()
	}
	delete(r.parked, s)
	if err != nil {
		r.tell(ctx, "no longer needed: "+string(s))
		return errors.Join(err, r.publish(ctx))
	}
	r.tell(ctx, "retry by an operator: "+string(s))
	return r.publish(ctx)
}

// parkedFailure is the error of a registration that fails while steps are parked. Its type is the reason in the search
// attributes. It is nil when no step is parked.
func (r *registration) parkedFailure() error {
	first, ok := r.firstParked()
	if !ok {
		return nil
	}
	return temporal.NewNonRetryableApplicationError("could not "+string(first), string(r.parked[first].reason), nil)
}

// lastTry is what the activity said about its last try, if it had the chance.
func lastTry(err error) Try {
	var last Try
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.HasDetails() {
		_ = app.Details(&last) // without it the reason still counts
	}
	return last
}

// String is the try as the end of a line.
func (t Try) String() string {
	switch {
	case t.Number == 0:
		return ""
	case t.Code == message.CodeExhausted:
		return fmt.Sprintf(" (try %d, every provider has reported the message undelivered)", t.Number)
	case t.Provider == "":
		return fmt.Sprintf(" (try %d)", t.Number)
	default:
		return fmt.Sprintf(" (try %d, %s answered %s)", t.Number, t.Provider, t.Code)
	}
}

// reasonOf sorts the error of a step that used up its budget.
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

// reasonOf is the reason that an activity's error gives. It is silence when nobody took the task, or the attempt never
// came back: then the activity had no chance to say why.
func reasonOf(err error, silence FailureReason) FailureReason {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		if reason := FailureReason(app.Type()); slices.Contains(failureReasons, reason) {
			return reason
		}
		return ReasonInternal
	}
	if _, ok := errors.AsType[*temporal.PanicError](err); ok {
		return ReasonInternal
	}
	return silence
}
