package message

import (
	"context"
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

// Codes of an Error for a message that no provider was asked to take.
const (
	// CodePaused: an operator has paused the provider.
	CodePaused = "paused"
	// CodePauseUnknown: it cannot be known whether an operator has paused the provider.
	CodePauseUnknown = "pause_unknown"
	// CodeRetryAfter: the provider asked to be left alone for a time that lasts.
	CodeRetryAfter = "retry_after"
	// CodeExhausted: the message's Avoid leaves no provider, since each has reported it undelivered.
	CodeExhausted = "exhausted"
)

// Error is a provider's refusal. It never holds the destination or the text of the message.
type Error struct {
	Provider   string
	Failure    Failure
	Code       string        // the provider's own code or the HTTP status, for the operator
	RetryAfter time.Duration // when the provider says how long to wait; else 0
	// Unknown: all of the message was written and no answer could be read, so the provider may have taken it.
	Unknown bool
}

func (e *Error) Error() string {
	if e.Provider == "" {
		return fmt.Sprintf("%s (%s)", e.Failure, e.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Provider, e.Failure, e.Code)
}

// Asked tells whether the provider was asked at all.
func (e *Error) Asked() bool {
	switch e.Code {
	case CodePaused, CodePauseUnknown, CodeRetryAfter, CodeExhausted:
		return false
	default:
		return true
	}
}

type refusalsKey struct{}

// WithRefusals returns a context for one Send whose sender may try several providers: note is called, before Send
// returns, for each refusal that Send does not return as its error, in their order.
func WithRefusals(ctx context.Context, note func(*Error)) context.Context {
	return context.WithValue(ctx, refusalsKey{}, note)
}

// NoteRefusal tells whoever called WithRefusals, if anyone did.
func NoteRefusal(ctx context.Context, e *Error) {
	if note, ok := ctx.Value(refusalsKey{}).(func(*Error)); ok {
		note(e)
	}
}
