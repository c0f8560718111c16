package workflows

import (
	"cmp"
	"slices"
	"time"

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

	began   time.Time           // of the activities that are running
	restart workflow.CancelFunc // ends them, so that new ones begin at once
}

// patience is how long a delivery may run before further events restart it. It then waits for an endpoint that fails, and for longer
// after each attempt, but other endpoints may take the further events at once.
const patience = 5 * time.Second

// versionApart marks workflows that deliver the events of each registration apart from the others, and restart a delivery.
const versionApart = "deliver events apart"

// deliversApart reports whether the workflow began such a delivery with this code.
func deliversApart(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, versionApart, workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// announce delivers events in parallel with the other steps. A cancelled workflow delivers them too.
func (r *stepRunner) announce(ctx workflow.Context, announced ...user.Announced) {
	d := &r.events
	before := slices.Clone(d.left)
	d.left = user.Announce(d.left, announced...)
	if len(d.left) == 0 || d.failed {
		return
	}
	if d.running {
		if d.restart != nil && !slices.Equal(before, d.left) && workflow.Now(ctx).Sub(d.began) >= patience && deliversApart(ctx) {
			d.restart()
		}
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
		restarted, err := r.deliverOnce(ctx)
		if err != nil && !restarted {
			return err
		}
	}
	return nil
}

// deliverOnce runs one activity for each registration with events, so that an endpoint that refuses an event of one user does not
// delay the events of another. restarted is true if further events have ended the activities.
func (r *stepRunner) deliverOnce(ctx workflow.Context) (restarted bool, err error) {
	d := &r.events
	round := slices.Clone(d.left)
	if len(round) > 1 && !deliversApart(ctx) {
		round = round[:1]
	}
	running, stop := workflow.WithCancel(ctx)
	defer stop()
	d.began, d.restart = workflow.Now(ctx), stop
	defer func() { d.restart = nil }()
	results := make([]workflow.Future, len(round))
	for i, a := range round {
		in := DeliverEventsInput{RegistrationID: a.RegistrationID, Through: a.Through}
		results[i] = begin(running, r.budgets, stepDeliver.action(), Activities.DeliverEvents, in)
	}
	for i, a := range round {
		if failed := results[i].Get(ctx, nil); failed != nil {
			err = cmp.Or(err, failed)
			continue
		}
		d.left = slices.DeleteFunc(d.left, func(left user.Announced) bool { return left == a })
	}
	return running.Err() != nil, err
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
