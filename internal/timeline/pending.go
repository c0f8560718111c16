package timeline

import (
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
)

// fromPending returns an entry for each step in progress: it runs, waits or is paused.
func fromPending(activities []*workflow.PendingActivityInfo, runID string, now time.Time, c Converters) []Entry {
	var all []Entry
	for _, a := range activities {
		e := Entry{
			At: now.UTC(), Source: SourceWorkflow, RunID: runID,
			Event: EventStepWaiting, Step: a.GetActivityType().GetName(), Attempt: int(a.GetAttempt()),
		}
		e = c.addFailure(e, a.GetLastFailure())
		switch {
		case a.GetPaused():
			e.Event = EventStepPaused
			e.By, e.Reason = pausedBy(a.GetPauseInfo(), e.Reason)
		case a.GetState() == enums.PENDING_ACTIVITY_STATE_SCHEDULED:
			if next := a.GetNextAttemptScheduleTime(); next != nil {
				e.Until = next.AsTime()
			}
		default:
			e.Event = EventStepRunning
		}
		all = append(all, e)
	}
	return all
}

// pausedBy returns who paused an activity and why. Without a reason for the pause it returns reason.
func pausedBy(p *workflow.PendingActivityInfo_PauseInfo, reason string) (by, why string) {
	by, why = p.GetManual().GetIdentity(), p.GetManual().GetReason()
	if rule := p.GetRule(); rule != nil {
		by, why = rule.GetIdentity(), rule.GetReason()
	}
	if why == "" {
		why = reason
	}
	return by, why
}
