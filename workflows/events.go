package workflows

import (
	"cmp"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/event"
	"registrar/internal/user"
)

// eventDelivery is the delivery of the events that a workflow has caused.
type eventDelivery struct {
	left    []user.Announced // not delivered yet
	running bool
	failed  bool // abandoned, or parked for too long: nothing more is delivered
}

// announce delivers events in parallel with the other steps, the first ones first. A cancelled workflow delivers them too.
func (r *stepRunner) announce(ctx workflow.Context, announced ...user.Announced) {
	d := &r.events
	d.left = user.Announce(d.left, announced...)
	if len(d.left) == 0 || d.running || d.failed {
		return
	}
	d.running = true
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := r.runStep(ctx, stepDeliver, r.deliver)
		d.running = false
		if err != nil {
			d.failed, r.failure = true, cmp.Or(r.failure, err)
		}
	})
}

// deliver delivers the events that are left. Events that are announced meanwhile follow.
func (r *stepRunner) deliver(ctx workflow.Context) error {
	for len(r.events.left) > 0 {
		next := r.events.left[0]
		in := DeliverEventsInput{RegistrationID: next.RegistrationID, Through: next.Through}
		if _, err := execute(ctx, r.budgets, stepDeliver.action(), Activities.DeliverEvents, in); err != nil {
			return err
		}
		if r.events.left[0].Through == next.Through {
			r.events.left = r.events.left[1:]
		}
	}
	return nil
}

// delivered reports whether every event is delivered.
func (r *stepRunner) delivered() bool { return !r.events.running && !r.events.failed }

// deliveryEnded reports whether no event is being delivered.
func (r *stepRunner) deliveryEnded() bool { return !r.events.running }

// finishEvents lets a failed workflow deliver its events before it ends, until done. The steps park if they must; abandon ends the
// workflow at once.
func (r *stepRunner) finishEvents(ctx workflow.Context, done func() bool) {
	if done() {
		return
	}
	r.abandoned = false // an operator may have abandoned the steps before
	r.addDetail(ctx, "delivers its last events; the signal "+SignalAbandon+" ends the workflow at once")
	_ = workflow.Await(ctx, func() bool { return done() || r.abandoned }) // ctx is never cancelled
}

// announcesFailure reports whether the failure of a registration is an event. It is not if the user was active or deleted before,
// if only events could not be delivered, or if somebody else has the address: then the user was never announced.
func (r *registration) announcesFailure(outcome error) bool {
	open := r.status == StatusAccepted || r.status == StatusPending
	return r.in.Policy.Budgets.Events > 0 && outcome != nil && !temporal.IsCanceledError(outcome) &&
		open && !r.held && r.failureReason(outcome) != ReasonEventUndelivered
}

func (r *registration) failureReason(outcome error) FailureReason {
	return reasonOf(cmp.Or(r.parkedError(), outcome), ReasonInternal)
}

// announceFailure records that the registration has failed and delivers the event.
func (r *registration) announceFailure(ctx workflow.Context, outcome error) {
	in := RecordEventInput{
		RegistrationID: r.in.RegistrationID, Type: event.RegistrationFailed, Reason: string(r.failureReason(outcome)),
	}
	recorded := false
	recording, stop := workflow.WithCancel(ctx)
	defer stop()
	workflow.Go(recording, func(ctx workflow.Context) {
		err := r.runStep(ctx, stepRecordEvent, func(ctx workflow.Context) error {
			out, err := executeLocally(ctx, r.budgets, stepRecordEvent.action(), Activities.RecordEvent, in)
			if err == nil {
				r.announce(ctx, user.Announced{RegistrationID: in.RegistrationID, Through: out.Announced})
			}
			return err
		})
		recorded = true
		if err != nil {
			r.addDetail(ctx, "the event of the failure is not recorded")
		}
	})
	r.finishEvents(ctx, func() bool { return recorded && r.deliveryEnded() })
}
