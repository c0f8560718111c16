package workflows

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/event"
)

// Names for clients of EventSweepWorkflow.
const (
	EventSweepWorkflowType = "EventSweepWorkflow"
	// EventSweepScheduleID is the id of the schedule that starts EventSweepWorkflow, and the beginning of the ids of its workflows.
	EventSweepScheduleID = "event-sweep"
)

const (
	// SweepAge is the age from which a sweep delivers an event. Until then, the workflow that made the change has time to deliver it.
	// It is longer than a transaction and than the differences between clocks, so that no older event appears later.
	SweepAge = 5 * time.Minute
	// fullSweepEvery is how often a sweep begins with the first event. It then finds events whose endpoint wants more types than before.
	fullSweepEvery = 24 * time.Hour
	// maxSweepCalls is the number of calls of SweepEvents in one run. Each takes up to a minute.
	maxSweepCalls = 100
)

// SweepActivities are the steps of EventSweepWorkflow.
type SweepActivities interface {
	// SweepEvents delivers old events to the endpoints that lack them. It is idempotent.
	SweepEvents(context.Context, SweepEventsInput) (SweepEventsResult, error)
}

// SweepEventsInput is the input of SweepEvents.
type SweepEventsInput struct {
	Before    string                   // id: only events below it
	Positions map[string]SweepPosition // by endpoint; one that is missing begins with the first event
}

// SweepEventsResult is the result of SweepEvents.
type SweepEventsResult struct {
	Positions map[string]SweepPosition
	Delivered int
	More      bool // the time was up
}

// SweepPosition is how far the sweeps have come at one endpoint.
type SweepPosition struct {
	Complete string // id: the endpoint has all events below it
	// After is the id of the last event of a pass over the later ones that stopped early, and empty if none did. Refused reports
	// whether that pass has left out an event.
	After   string
	Refused bool
}

// EventSweepResult is the result of EventSweepWorkflow, with which the next run begins.
type EventSweepResult struct {
	Positions map[string]SweepPosition
	FullAt    time.Time // when the last full sweep began
	Delivered int
}

// EventSweepWorkflow delivers the events that no workflow has delivered: those of changes outside of a user's workflow, those of a
// workflow that has failed or was lost, and those for a new endpoint. An event that its endpoint refuses does not hold back other
// users; the schedule's next run tries again, for as long as the event is stored.
func EventSweepWorkflow(ctx workflow.Context) (EventSweepResult, error) {
	s := &eventSweep{}
	policy := DefaultPolicy()
	s.stepRunner = newStepRunner(s, policy.Budgets, policy.ParkingTime, published{attribute: attributeStatus, status: s.publicStatus()})
	s.listenForOperators(ctx)
	if err := s.run(ctx); err != nil {
		s.ended = true
		s.addDetail(ctx, "the sweep has failed")
		return EventSweepResult{}, err
	}
	return s.out, nil
}

// eventSweep is the state of one run.
type eventSweep struct {
	stepRunner
	out EventSweepResult
}

func (s *eventSweep) run(ctx workflow.Context) error {
	s.out = lastSweep(ctx)
	before := workflow.Now(ctx).Add(-SweepAge)
	if before.Sub(s.out.FullAt) >= fullSweepEvery {
		s.out = EventSweepResult{FullAt: before}
	}
	for range maxSweepCalls {
		in, out := SweepEventsInput{event.FirstID(before), s.out.Positions}, SweepEventsResult{}
		if err := runActivity(ctx, &s.stepRunner, Activities.SweepEvents, in, &out); err != nil {
			return err
		}
		s.out.Positions, s.out.Delivered = out.Positions, s.out.Delivered+out.Delivered
		if !out.More {
			break
		}
	}
	if s.out.Delivered > 0 {
		s.addDetail(ctx, fmt.Sprintf("delivered %d events", s.out.Delivered))
	}
	return nil
}

// lastSweep returns where the schedule's last run stopped. Without it, this run begins with the first event.
func lastSweep(ctx workflow.Context) EventSweepResult {
	var last EventSweepResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return EventSweepResult{}
		}
	}
	last.Delivered = 0
	return last
}

func (*eventSweep) unavailable(s step) FailureReason { return steps[s].unavailable }
func (*eventSweep) publicStatus() string             { return string(StatusAccepted) }

func (*eventSweep) detailHeader(failed string) string {
	return cmp.Or(failed, "**sweep** of undelivered events")
}
