package message

import "time"

// Key identifies a message in the ledger.
type Key struct {
	RegistrationID string
	Kind           Kind
	Sequence       int // counts from 1; each new code of a registration has the next number
}

// Entry is a row of the ledger: a message that a provider has accepted.
type Entry struct {
	Key
	UserID  string
	Channel Channel
	Receipt Receipt
	SentAt  time.Time // UTC
	Outcome Outcome   // read-only; set by delivery reports
}

// Attempt is a failed attempt to send a message. A successful attempt is the message's Entry.
type Attempt struct {
	Key
	Channel  Channel
	Number   int    // counts from 1; starts again at 1 when an operator retries the step
	Provider string // the provider that refused; empty if no provider was called
	Failure  Failure
	Code     string // the provider's own code or the HTTP status
	At       time.Time
}
