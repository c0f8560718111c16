package workflows

import (
	"cmp"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	// replayBatch is the maximum number of events that one activity delivers.
	replayBatch = 100
	// maxReplayBatches bounds a run's history: a batch takes up to 6 events, and Temporal warns at 10,240.
	maxReplayBatches = 500
)

// EventDeliveryWorkflow delivers recorded events again, or those that an endpoint lacks, to each endpoint in the order of their
// ids. The endpoints do not wait for each other. If one refuses an event for the whole budget, the step parks when the others have
// their events, and the signal retry continues with that event.
func EventDeliveryWorkflow(ctx workflow.Context, in EventDeliveryInput) (EventDeliveryProgress, error) {
	if err := checkID(ctx, EventDeliveryWorkflowID(in.ID)); err != nil {
		return EventDeliveryProgress{}, err
	}
	r := newEventReplay(ctx, in)
	progress := func() (EventDeliveryProgress, error) { return r.state(), nil }
	options := workflow.QueryHandlerOptions{Description: "status and progress of the replay"}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryProgress, progress, options); err != nil {
		return EventDeliveryProgress{}, err
	}
	r.listenForOperators(ctx)
	err := r.runStep(ctx, stepReplay, r.replay)
	if err == nil && !r.done() {
		r.in.Progress = r.progress
		return r.progress, workflow.NewContinueAsNewError(ctx, EventDeliveryWorkflowType, r.in)
	}
	r.end(ctx, err)
	return r.state(), err
}

// eventReplay is the state of one run.
type eventReplay struct {
	stepRunner
	in       EventDeliveryInput
	progress EventDeliveryProgress // its status is never failed before the end; a failed step is in parked
	batches  int                   // in this run
}

func newEventReplay(ctx workflow.Context, in EventDeliveryInput) *eventReplay {
	r := &eventReplay{in: in, progress: in.Progress}
	if r.progress.Status == "" {
		r.progress.Status, r.progress.StartedAt = ReplayRunning, workflow.Now(ctx)
		for _, name := range in.Endpoints {
			r.progress.Endpoints = append(r.progress.Endpoints, EndpointProgress{Endpoint: name})
		}
	}
	r.stepRunner = newStepRunner(r, in.Budgets, in.ParkingTime, published{attribute: attributeStatus, status: r.publicStatus()})
	return r
}

// replay delivers to all endpoints in parallel, until each has its events, has failed, or the run has its number of batches.
func (r *eventReplay) replay(ctx workflow.Context) error {
	var failure error
	all := workflow.NewWaitGroup(ctx)
	for i := range r.progress.Endpoints {
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			if err := r.replayTo(ctx, &r.progress.Endpoints[i]); err != nil {
				failure = cmp.Or(failure, err)
			}
		})
	}
	all.Wait(ctx)
	return failure
}

func (r *eventReplay) replayTo(ctx workflow.Context, to *EndpointProgress) error {
	in := ReplayInput{Filter: r.in.Filter, Undelivered: r.in.Undelivered, Endpoint: to.Endpoint, Size: replayBatch}
	if !to.Counted {
		out, err := execute(ctx, r.budgets, stepCountEvents.action(), Activities.CountEvents, in)
		if err != nil {
			return err
		}
		to.Counted, to.Events = true, out.Events
		r.addDetail(ctx, fmt.Sprintf("%d events for %s", to.Events, to.Endpoint))
	}
	for !to.Done && r.batches < maxReplayBatches {
		r.batches++
		in.After = to.After
		out, err := execute(ctx, r.budgets, stepReplay.action()+" to "+to.Endpoint, Activities.ReplayEvents, in)
		if err != nil {
			return err
		}
		to.Delivered, to.After, to.Done = to.Delivered+out.Delivered, cmp.Or(out.After, to.After), out.Done
	}
	if to.Done {
		r.addDetail(ctx, to.Endpoint+" has its events")
	}
	return nil
}

// done reports whether every endpoint has its events.
func (r *eventReplay) done() bool {
	for _, e := range r.progress.Endpoints {
		if !e.Done {
			return false
		}
	}
	return true
}

// end sets the final status.
func (r *eventReplay) end(ctx workflow.Context, outcome error) {
	r.ended, r.progress.EndedAt = true, workflow.Now(ctx)
	switch {
	case outcome == nil:
		r.progress.Status = ReplayCompleted
	case temporal.IsCanceledError(outcome):
		r.progress.Status = ReplayCancelled
	default:
		r.progress.Status = ReplayFailed
	}
	r.addDetail(ctx, string(r.progress.Status))
}

// state is the answer to QueryProgress.
func (r *eventReplay) state() EventDeliveryProgress {
	p := r.progress
	if s, ok := r.firstParked(); ok {
		p.Status, p.Reason = ReplayFailed, r.parked[s].reason
	}
	return p
}

func (*eventReplay) unavailable(s step) FailureReason { return steps[s].unavailable }
func (*eventReplay) publicStatus() string             { return string(StatusAccepted) }

func (r *eventReplay) detailHeader(failed string) string {
	lines := []string{cmp.Or(failed, "**replay of events**: "+string(r.progress.Status))}
	for _, e := range r.progress.Endpoints {
		lines = append(lines, fmt.Sprintf("%d of %d delivered to %s.", e.Delivered, e.Events, e.Endpoint))
	}
	return strings.Join(lines, "\n\n")
}
