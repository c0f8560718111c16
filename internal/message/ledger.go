package message

import "time"

// Key identifies a message in the ledger.
type Key struct {
	RegistrationID string
	Kind           Kind
	Sequence       int // counts from 1; a resent OTP has the next number
}

// Entry is a row of the ledger: a message that a provider has taken.
type Entry struct {
	Key
	UserID  string
	Channel Channel
	Receipt Receipt
	SentAt  time.Time // UTC
	Outcome Outcome   // read only: reports make it
}

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
