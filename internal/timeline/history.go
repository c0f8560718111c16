package timeline

import (
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"registrar/internal/engine"
	"registrar/workflows"
)

// startOf returns when a run began: at its last reset, or else at its first event.
func startOf(r engine.Run) time.Time {
	for _, event := range slices.Backward(r.Events) {
		if isReset(event) {
			return event.GetEventTime().AsTime()
		}
	}
	if len(r.Events) == 0 {
		return time.Time{}
	}
	return r.Events[0].GetEventTime().AsTime()
}

// fromRuns translates the runs of one workflow, oldest first. A run that was reset from another one repeats its first
// events; they are listed once.
func fromRuns(runs []engine.Run, c Converters) []Entry {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b engine.Run) int { return startOf(a).Compare(startOf(b)) })
	type event struct {
		id int64
		at time.Time
	}
	indexes := map[event]int{}
	var all []Entry
	for _, r := range runs {
		for _, e := range fromRun(r, c) {
			key := event{e.EventID, e.At}
			earlier, again := indexes[key]
			switch {
			case !again:
				indexes[key] = len(all)
				all = append(all, e)
			case all[earlier].Event == EventCodeEntered: // the later run may have the result of the code
				all[earlier].Event, all[earlier].Reason, all[earlier].Detail = e.Event, e.Reason, e.Detail
			}
		}
	}
	return all
}

// byTime sorts entries by time and keeps the order of simultaneous ones.
func byTime(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
}

// translator translates one run's history.
type translator struct {
	Converters
	runID   string
	policy  workflows.Policy
	mobile  string // the destination of codes, to detect another number; never in an entry
	entries []Entry

	activities map[int64]Entry // as scheduled or started, by the scheduling event
	timers     map[int64]Entry // by the starting event
	updates    map[int64]int   // the index of their entry, by the accepting event
	reapplied  map[string]bool // the ids of updates that a reset reapplied
	resetting  bool            // between a reset and the next workflow task
}

// fromRun translates one run's history. Events without a handler are skipped.
func fromRun(r engine.Run, c Converters) []Entry {
	t := &translator{
		Converters: c, runID: r.ID,
		activities: map[int64]Entry{}, timers: map[int64]Entry{}, updates: map[int64]int{}, reapplied: map[string]bool{},
	}
	for _, event := range r.Events {
		if handle, known := handlers[event.GetEventType()]; known {
			handle(t, event)
		}
	}
	return t.entries
}

// handlers translate events, by type.
var handlers = map[enums.EventType]func(*translator, *history.HistoryEvent){
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:   (*translator).started,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: (*translator).completed,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:    (*translator).failed,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: (*translator).timedOut,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:  (*translator).canceled,

	enums.EVENT_TYPE_MARKER_RECORDED:         (*translator).markerRecorded,
	enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: (*translator).activityScheduled,
	enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:   (*translator).activityStarted,
	enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: (*translator).activityCompleted,
	enums.EVENT_TYPE_ACTIVITY_TASK_FAILED:    (*translator).activityFailed,
	enums.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: (*translator).activityTimedOut,
	enums.EVENT_TYPE_ACTIVITY_TASK_CANCELED:  (*translator).activityCanceled,
	enums.EVENT_TYPE_TIMER_STARTED:           (*translator).timerStarted,
	enums.EVENT_TYPE_TIMER_FIRED:             (*translator).timerFired,
	enums.EVENT_TYPE_TIMER_CANCELED:          (*translator).timerCanceled,

	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:           (*translator).updateAdmitted,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:           (*translator).updateAccepted,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:          (*translator).updateCompleted,
	enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:            (*translator).statusChanged,
	enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: (*translator).replaced,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:                  (*translator).signaled,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:          (*translator).cancelRequested,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:                (*translator).terminated,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED:                    (*translator).paused,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED:                  (*translator).unpaused,
	enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:                      (*translator).taskScheduled,
	enums.EVENT_TYPE_WORKFLOW_TASK_FAILED:                         (*translator).taskFailed,
	enums.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:                      (*translator).taskTimedOut,
}

// add appends an entry for an event.
func (t *translator) add(event *history.HistoryEvent, e Entry) Entry {
	e.At, e.Source, e.RunID, e.EventID = event.GetEventTime().AsTime(), SourceWorkflow, t.runID, event.GetEventId()
	t.entries = append(t.entries, e)
	return e
}

func (t *translator) started(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionStartedEventAttributes()
	var in struct {
		Policy  workflows.Policy
		Profile struct{ Mobile string } // the other fields have personal data
	}
	if t.read(a.GetInput(), &in) {
		t.policy, t.mobile = in.Policy, in.Profile.Mobile
	}
	t.add(event, Entry{Event: EventAccepted, By: a.GetIdentity(), Detail: t.text(event.GetUserMetadata().GetSummary())})
}

func (t *translator) completed(event *history.HistoryEvent) {
	e := Entry{Event: EventRunCompleted, Detail: undecodable}
	var result workflows.RegistrationResult
	if t.read(event.GetWorkflowExecutionCompletedEventAttributes().GetResult(), &result) {
		e.Detail, e.Reason = string(result.Status), string(result.Refusal)
	}
	t.add(event, e)
}

func (t *translator) failed(event *history.HistoryEvent) {
	t.add(event, t.addFailure(Entry{Event: EventRunFailed}, event.GetWorkflowExecutionFailedEventAttributes().GetFailure()))
}

func (t *translator) timedOut(event *history.HistoryEvent) {
	t.add(event, Entry{Event: EventRunTimedOut})
}

func (t *translator) canceled(event *history.HistoryEvent) {
	t.add(event, Entry{Event: EventRunCanceled})
}
