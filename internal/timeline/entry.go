// Package timeline is the audit of a registration: what its workflow's histories and the ledger tell, in one list by
// time, for operators. Nothing in it is personal or secret: no name, address, number, code or digest.
package timeline

import "time"

// Source is who tells an Entry.
type Source string

// The sources.
const (
	SourceWorkflow Source = "workflow" // Temporal's history, or its word on what is going on now
	SourceLedger   Source = "ledger"   // the user database
)

// Event is what happened.
type Event string

// The events of a registration's steps, whose names in Entry.Step are the activities'.
const (
	EventAccepted      Event = "accepted"       // the registration is durable
	EventStepScheduled Event = "step_scheduled" // an activity waits for a worker
	EventStepStarted   Event = "step_started"   // Attempt is the last one; Reason and Detail say why the one before failed
	EventStepCompleted Event = "step_completed"
	EventStepFailed    Event = "step_failed" // for good, as far as this activity is concerned
	EventStepTimedOut  Event = "step_timed_out"
	EventStepCanceled  Event = "step_canceled"
	EventStepRunning   Event = "step_running" // now
	EventStepWaiting   Event = "step_waiting" // now, for a worker or until the next try
	EventStepPaused    Event = "step_paused"  // now, by an operator
	EventTryFailed     Event = "try_failed"   // the ledger: no provider took the message
	EventMessageTaken  Event = "message_taken"
	EventUserStored    Event = "user_stored"   // the database
	EventUserVerified  Event = "user_verified" // the database: the user is active since
)

// What providers report afterwards, as the ledger has it.
const (
	EventMessageDelivered   Event = "message_delivered"
	EventMessageUndelivered Event = "message_undelivered" // Code says why
	EventMessageComplained  Event = "message_complained"  // marked as spam
	EventAddressSuppressed  Event = "address_suppressed"  // the user's, for Reason; Provider is who said so
)

// The events of the person and of time.
const (
	EventCodeRequested Event = "code_requested"
	EventCodeEntered   Event = "code_entered" // not known yet whether right or wrong
	EventCodeRight     Event = "code_right"
	EventCodeWrong     Event = "code_wrong"
	EventTimerStarted  Event = "timer_started"
	EventTimerFired    Event = "timer_fired"
	EventTimerCanceled Event = "timer_canceled"
)

// The events of the registration as a whole.
const (
	EventParked             Event = "parked"               // a step waits for an operator, until Until
	EventStatusChanged      Event = "status_changed"       // in the search attributes; Detail is the new one
	EventReplaced           Event = "replaced"             // took the user over from another registration
	EventSuperseded         Event = "superseded"           // another registration took the user over
	EventWorkflowTaskFailed Event = "workflow_task_failed" // the workers, not the registration
	EventWorkflowTimedOut   Event = "workflow_task_timed_out"
	EventRunCompleted       Event = "run_completed" // Detail is how the registration ended
	EventRunFailed          Event = "run_failed"
	EventRunTimedOut        Event = "run_timed_out"
	EventRunCanceled        Event = "run_canceled"
)

// What operators do. By is the identity that the server recorded.
const (
	EventRetry           Event = "retry"
	EventAbandon         Event = "abandon"
	EventSignal          Event = "signal" // another one; Step is its name
	EventCancelRequested Event = "cancel_requested"
	EventTerminated      Event = "terminated"
	EventReset           Event = "reset" // the run starts with what another one had done so far
	EventPaused          Event = "paused"
	EventUnpaused        Event = "unpaused"
)

// Events lists every event.
var Events = []Event{
	EventAccepted, EventStepScheduled, EventStepStarted, EventStepCompleted, EventStepFailed, EventStepTimedOut,
	EventStepCanceled, EventStepRunning, EventStepWaiting, EventStepPaused, EventTryFailed, EventMessageTaken,
	EventUserStored, EventUserVerified, EventCodeRequested, EventCodeEntered, EventCodeRight, EventCodeWrong,
	EventTimerStarted, EventTimerFired, EventTimerCanceled, EventParked, EventStatusChanged, EventReplaced,
	EventSuperseded, EventWorkflowTaskFailed, EventWorkflowTimedOut, EventRunCompleted, EventRunFailed,
	EventRunTimedOut, EventRunCanceled, EventRetry, EventAbandon, EventSignal, EventCancelRequested, EventTerminated,
	EventReset, EventPaused, EventUnpaused, EventMessageDelivered, EventMessageUndelivered, EventMessageComplained,
	EventAddressSuppressed,
}

// Entry is one thing that happened. What does not apply is empty.
type Entry struct {
	At        time.Time `json:"at"` // UTC
	Source    Source    `json:"source"`
	Event     Event     `json:"event"`
	Step      string    `json:"step,omitempty"`
	Attempt   int       `json:"attempt,omitempty"` // counts from 1
	Provider  string    `json:"provider,omitempty"`
	Code      string    `json:"code,omitempty"` // the provider's own; never a one-time code
	MessageID string    `json:"message_id,omitempty"`
	By        string    `json:"by,omitempty"`
	Reason    string    `json:"reason,omitempty"` // a code, or what an operator gave as the reason
	Detail    string    `json:"detail,omitempty"`
	Until     time.Time `json:"until,omitzero"` // when a timer fires or the next try begins; UTC
	RunID     string    `json:"run_id,omitempty"`
	EventID   int64     `json:"event_id,omitempty"` // in the run's history
}
