// Package timeline lists the events of a registration by time, for operators. It merges the workflow's histories and the
// ledger. The list has no personal or secret data: no name, address, number, code or digest. Lookup also finds
// registrations and accounts by email address or id.
package timeline

import "time"

// Source is where an Entry comes from.
type Source string

// The sources.
const (
	SourceWorkflow Source = "workflow" // Temporal's history, or its state of a step in progress
	SourceLedger   Source = "ledger"   // the user database
)

// Event is the kind of an Entry.
type Event string

// The events of a registration's steps. Entry.Step is the activity's name.
const (
	EventAccepted      Event = "accepted"       // the registration is durable
	EventStepScheduled Event = "step_scheduled" // an activity waits for a worker
	EventStepStarted   Event = "step_started"   // Attempt is the last one; Reason and Detail are of the failure before it
	EventStepCompleted Event = "step_completed"
	EventStepFailed    Event = "step_failed" // this activity is not retried; its workflow may schedule another one
	EventStepTimedOut  Event = "step_timed_out"
	EventStepCanceled  Event = "step_canceled"
	EventStepRunning   Event = "step_running" // now
	EventStepWaiting   Event = "step_waiting" // now, for a worker or until the next attempt
	EventStepPaused    Event = "step_paused"  // now, by an operator
	EventTryFailed     Event = "try_failed"   // the ledger: no provider took the message in this attempt
	EventMessageTaken  Event = "message_taken"
	EventUserStored    Event = "user_stored"   // the database
	EventUserVerified  Event = "user_verified" // the database: the user became active
)

// The events of delivery reports, from the ledger.
const (
	EventMessageDelivered   Event = "message_delivered"
	EventMessageUndelivered Event = "message_undelivered" // Code is the provider's code
	EventMessageComplained  Event = "message_complained"  // marked as spam
	EventAddressSuppressed  Event = "address_suppressed"  // the user's address; Reason is why, Provider the source
)

// The events of codes and timers.
const (
	EventCodeRequested Event = "code_requested"
	EventCodeEntered   Event = "code_entered" // the result is not known yet
	EventCodeRight     Event = "code_right"
	EventCodeWrong     Event = "code_wrong"
	EventTimerStarted  Event = "timer_started"
	EventTimerFired    Event = "timer_fired"
	EventTimerCanceled Event = "timer_canceled"
)

// The events of the registration as a whole.
const (
	EventParked             Event = "parked"               // a step waits for an operator, until Until
	EventStatusChanged      Event = "status_changed"       // in the search attributes; Detail is the new status
	EventReplaced           Event = "replaced"             // proved the email that another registration had
	EventSuperseded         Event = "superseded"           // another registration proved the email, or its owner disowned this one
	EventWorkflowTaskFailed Event = "workflow_task_failed" // a failure of the workers, not of the registration
	EventWorkflowTimedOut   Event = "workflow_task_timed_out"
	EventRunCompleted       Event = "run_completed" // Detail is the registration's final status
	EventRunFailed          Event = "run_failed"
	EventRunTimedOut        Event = "run_timed_out"
	EventRunCanceled        Event = "run_canceled"
)

// The actions of operators. Entry.By is the identity that the server recorded.
const (
	EventRetry           Event = "retry"
	EventAbandon         Event = "abandon"
	EventSignal          Event = "signal" // any other signal; Step is its name
	EventCancelRequested Event = "cancel_requested"
	EventTerminated      Event = "terminated"
	EventReset           Event = "reset" // the run starts with the first events of another run
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

// Entry is one event. Fields that do not apply are empty.
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
	Reason    string    `json:"reason,omitempty"` // a code, or an operator's text
	Detail    string    `json:"detail,omitempty"`
	Until     time.Time `json:"until,omitzero"` // when a timer fires or the next attempt begins; UTC
	RunID     string    `json:"run_id,omitempty"`
	EventID   int64     `json:"event_id,omitempty"` // in the run's history
}
