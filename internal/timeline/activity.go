package timeline

import (
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// markerRecorded adds a local activity, which has a single event at its end.
func (t *translator) markerRecorded(event *history.HistoryEvent) {
	a := event.GetMarkerRecordedEventAttributes()
	if a.GetMarkerName() != "LocalActivity" {
		return
	}
	var local struct {
		ActivityType string
		Attempt      int
	}
	e := Entry{Event: EventStepCompleted, Detail: undecodable}
	if t.read(a.GetDetails()["data"], &local) {
		e.Step, e.Attempt, e.Detail = local.ActivityType, local.Attempt, ""
	}
	if f := a.GetFailure(); f != nil {
		e.Event = EventStepFailed
		e = t.addFailure(e, f)
	} else {
		e = t.outcome(e, a.GetDetails()["result"])
	}
	t.add(event, e)
}

func (t *translator) activityScheduled(event *history.HistoryEvent) {
	t.activities[event.GetEventId()] = t.add(event, Entry{
		Event:  EventStepScheduled,
		Step:   event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName(),
		Detail: t.text(event.GetUserMetadata().GetSummary()),
	})
}

// activityStarted adds the start of the last attempt, the only one in the history, and why the previous attempt failed.
func (t *translator) activityStarted(event *history.HistoryEvent) {
	a := event.GetActivityTaskStartedEventAttributes()
	e := t.activity(a.GetScheduledEventId(), EventStepStarted)
	e.Attempt = int(a.GetAttempt())
	t.activities[a.GetScheduledEventId()] = e
	if f := a.GetLastFailure(); f != nil {
		e = t.addFailure(e, f)
		e.Detail = strings.TrimSuffix("the previous attempt failed: "+e.Detail, ": ")
	}
	t.add(event, e)
}

func (t *translator) activityCompleted(event *history.HistoryEvent) {
	a := event.GetActivityTaskCompletedEventAttributes()
	t.add(event, t.outcome(t.activity(a.GetScheduledEventId(), EventStepCompleted), a.GetResult()))
}

func (t *translator) activityFailed(event *history.HistoryEvent) {
	a := event.GetActivityTaskFailedEventAttributes()
	t.endActivity(event, a.GetScheduledEventId(), EventStepFailed, a.GetFailure())
}

func (t *translator) activityTimedOut(event *history.HistoryEvent) {
	a := event.GetActivityTaskTimedOutEventAttributes()
	t.endActivity(event, a.GetScheduledEventId(), EventStepTimedOut, a.GetFailure())
}

func (t *translator) activityCanceled(event *history.HistoryEvent) {
	t.endActivity(event, event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId(), EventStepCanceled, nil)
}

func (t *translator) endActivity(event *history.HistoryEvent, scheduled int64, what Event, f *failure.Failure) {
	t.add(event, t.addFailure(t.activity(scheduled, what), f))
}

// activity returns a new entry for an activity that was scheduled earlier.
func (t *translator) activity(scheduled int64, what Event) Entry {
	known := t.activities[scheduled]
	return Entry{Event: what, Step: known.Step, Attempt: known.Attempt}
}

// outcome adds the result of a step to its entry.
func (t *translator) outcome(e Entry, result *common.Payloads) Entry {
	var out struct { // of all steps
		Receipt    message.Receipt
		Refusal    user.Code
		Superseded bool
		Suppressed message.SuppressionReason
	}
	switch {
	case result == nil:
	case !t.read(result, &out):
		e.Detail = undecodable
	case out.Refusal != "":
		e.Reason = string(out.Refusal)
	case out.Superseded:
		e.Reason = string(workflows.StatusSuperseded)
	case out.Suppressed != "":
		e.Reason, e.Detail = string(out.Suppressed), "not sent: the address is suppressed"
	case out.Receipt != message.Receipt{}:
		e.Provider, e.MessageID = out.Receipt.Provider, out.Receipt.MessageID
	case strings.HasPrefix(e.Step, "Send"):
		e.Detail = "already sent"
	}
	return e
}

func (t *translator) timerStarted(event *history.HistoryEvent) {
	d := event.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration()
	e := Entry{Event: EventTimerStarted, Step: timerName(d, t.text(event.GetUserMetadata().GetSummary()), t.policy)}
	e.Until = event.GetEventTime().AsTime().Add(d)
	if strings.HasPrefix(e.Step, waitForOperator) {
		e.Event = EventParked
	}
	t.timers[event.GetEventId()] = t.add(event, e)
}

// waitForOperator is the prefix of the summaries of parked steps' timers.
const waitForOperator = "wait for an operator"

// timerName returns what the workflow waits for: the timer's summary, or a guess from its duration if the workflow set no
// summary.
func timerName(d time.Duration, summary string, p workflows.Policy) string {
	const sdkSummary = "AwaitWithTimeout"
	switch {
	case summary != "" && summary != sdkSummary:
		return summary
	case summary == sdkSummary, d == p.ParkingTime && d != p.VerificationWindow:
		return waitForOperator
	case d == p.VerificationWindow:
		return "wait for the verification"
	default:
		return "wait"
	}
}

func (t *translator) timerFired(event *history.HistoryEvent) {
	started := event.GetTimerFiredEventAttributes().GetStartedEventId()
	t.add(event, Entry{Event: EventTimerFired, Step: t.timers[started].Step})
}

func (t *translator) timerCanceled(event *history.HistoryEvent) {
	started := event.GetTimerCanceledEventAttributes().GetStartedEventId()
	t.add(event, Entry{Event: EventTimerCanceled, Step: t.timers[started].Step})
}
