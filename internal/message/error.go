package message

import (
	"fmt"
	"time"
)

// Failure says what a provider's refusal means for the next step.
type Failure string

// The failures.
const (
	// Rejected: this destination or message will never be taken; trying again is useless.
	Rejected Failure = "rejected"
	// Misconfigured: the provider refuses the account (credentials, suspension, sender); an operator must act.
	Misconfigured Failure = "misconfigured"
	// Unavailable: anything else, throttling included; trying again later may help.
	Unavailable Failure = "unavailable"
)

// Error is a provider's refusal. It never holds the destination or the text of the message.
type Error struct {
	Provider   string
	Failure    Failure
	Code       string        // the provider's own code or the HTTP status, for the operator
	RetryAfter time.Duration // when the provider says how long to wait; else 0
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.Provider, e.Failure, e.Code)
}
