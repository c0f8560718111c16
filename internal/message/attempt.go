package message

import "time"

// Attempt is a try to send a message that no provider took. A try that a provider took is the message's Entry.
type Attempt struct {
	Key
	Channel  Channel
	Number   int    // of the try, from 1; a step that is retried by an operator counts from 1 again
	Provider string // who refused; empty when nobody was asked
	Failure  Failure
	Code     string // the provider's own code or the HTTP status
	At       time.Time
}

// Pause is an operator's order to send nothing through a provider until it is lifted.
type Pause struct {
	Provider string
	Reason   string // for other operators; no personal data
	Since    time.Time
}
