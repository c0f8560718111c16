package timeline

import (
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"registrar/internal/engine"
	"registrar/workflows"
)

// Updates by users, signals and commands by operators, and failures of workflow tasks.

const reappliedByReset = "reapplied by the reset"

func (t *translator) updateAdmitted(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionUpdateAdmittedEventAttributes()
	if a.GetOrigin() == enums.UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY {
		t.reapplied[a.GetRequest().GetMeta().GetUpdateId()] = true
	}
}

// updateAccepted adds a code that was entered or requested. It skips UpdatePersisted, which only waits.
func (t *translator) updateAccepted(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionUpdateAcceptedEventAttributes()
	input := a.GetAcceptedRequest().GetInput()
	var e Entry
	switch input.GetName() {
	case workflows.UpdateVerify:
		e.Event = EventCodeEntered
	case workflows.UpdateResendOTP:
		e.Event = EventCodeRequested
		var in workflows.ResendInput
		if t.read(input.GetArgs(), &in) && in.Mobile != "" && in.Mobile != t.mobile {
			t.mobile, e.Detail = in.Mobile, "to another number"
		}
	default:
		return
	}
	if t.reapplied[a.GetProtocolInstanceId()] {
		e.Detail = reappliedByReset
	}
	t.updates[event.GetEventId()] = len(t.entries)
	t.add(event, e)
}

// updateCompleted adds the result of an entered code.
func (t *translator) updateCompleted(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionUpdateCompletedEventAttributes()
	at, known := t.updates[a.GetAcceptedEventId()]
	if !known || t.entries[at].Event != EventCodeEntered {
		return
	}
	e := &t.entries[at]
	if f := a.GetOutcome().GetFailure(); f != nil { // a wrong code has a result, not a failure
		e.Event = EventCodeRight
		e.Reason = f.GetApplicationFailureInfo().GetType()
		return
	}
	var result workflows.VerifyResult
	switch {
	case !t.read(a.GetOutcome().GetSuccess(), &result):
		e.Detail = undecodable
	case result.Active:
		e.Event = EventCodeRight
	default:
		e.Event = EventCodeWrong
		e.Detail = fmt.Sprintf("%d attempts left", result.AttemptsLeft)
	}
}

// statusChanged adds a change of the search attributes. The workflow writes them for operators.
func (t *translator) statusChanged(event *history.HistoryEvent) {
	fields := event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields()
	status, reason := engine.Keyword(fields[workflows.AttributeStatus]), engine.Keyword(fields[workflows.AttributeFailureReason])
	if status != "" {
		t.add(event, Entry{Event: EventStatusChanged, Detail: status, Reason: reason})
	}
}

func (t *translator) replaced(event *history.HistoryEvent) {
	a := event.GetSignalExternalWorkflowExecutionInitiatedEventAttributes()
	if a.GetSignalName() == workflows.SignalSuperseded {
		t.add(event, Entry{Event: EventReplaced, Detail: a.GetWorkflowExecution().GetWorkflowId()})
	}
}

func (t *translator) signaled(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionSignaledEventAttributes()
	e := Entry{Event: EventSignal, By: a.GetIdentity(), Detail: a.GetExternalWorkflowExecution().GetWorkflowId()}
	switch a.GetSignalName() {
	case workflows.SignalRetry:
		e.Event = EventRetry
	case workflows.SignalAbandon:
		e.Event = EventAbandon
	case workflows.SignalSuperseded:
		e.Event = EventSuperseded
	default:
		e.Step = a.GetSignalName()
	}
	var undelivered workflows.Undelivered
	if a.GetSignalName() == workflows.SignalUndelivered && t.read(a.GetInput(), &undelivered) {
		e.Provider, e.Detail = undelivered.Provider, fmt.Sprintf("code %d did not arrive", undelivered.Sequence)
	} else {
		_ = t.read(a.GetInput(), &e.Reason) // an operator may have sent a text with the signal
	}
	if t.resetting {
		e.Detail = reappliedByReset
	}
	t.add(event, e)
}

func (t *translator) cancelRequested(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionCancelRequestedEventAttributes()
	t.add(event, Entry{Event: EventCancelRequested, By: a.GetIdentity(), Reason: a.GetCause()})
}

func (t *translator) terminated(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionTerminatedEventAttributes()
	t.add(event, Entry{Event: EventTerminated, By: a.GetIdentity(), Reason: a.GetReason()})
}

func (t *translator) paused(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionPausedEventAttributes()
	t.add(event, Entry{Event: EventPaused, By: a.GetIdentity(), Reason: a.GetReason()})
}

func (t *translator) unpaused(event *history.HistoryEvent) {
	a := event.GetWorkflowExecutionUnpausedEventAttributes()
	t.add(event, Entry{Event: EventUnpaused, By: a.GetIdentity(), Reason: a.GetReason()})
}

func (t *translator) taskScheduled(*history.HistoryEvent) { t.resetting = false }

func isReset(event *history.HistoryEvent) bool {
	return event.GetWorkflowTaskFailedEventAttributes().GetCause() == enums.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
}

// taskFailed adds a reset, which Temporal records as a failure of the workflow task that it undoes, or else a failure of
// the workers.
func (t *translator) taskFailed(event *history.HistoryEvent) {
	a := event.GetWorkflowTaskFailedEventAttributes()
	if !isReset(event) {
		t.add(event, Entry{Event: EventWorkflowTaskFailed, Reason: a.GetCause().String()})
		return
	}
	t.resetting = true
	t.add(event, Entry{
		Event: EventReset, By: a.GetIdentity(), Reason: a.GetFailure().GetMessage(), Detail: "of run " + a.GetBaseRunId(),
	})
}

// taskTimedOut adds the loss of a worker during a workflow task. It skips a task whose sticky worker is gone: another
// worker gets that task at once.
func (t *translator) taskTimedOut(event *history.HistoryEvent) {
	timeout := event.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType()
	if timeout != enums.TIMEOUT_TYPE_SCHEDULE_TO_START {
		t.add(event, Entry{Event: EventWorkflowTimedOut, Reason: timeout.String()})
	}
}
