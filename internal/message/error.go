package message

import (
	"context"
	"fmt"
	"time"
)

// Failure classifies a provider's refusal by what can be done next.
type Failure string

// The failures.
const (
	// Rejected: the destination or the message is refused permanently; a retry is useless.
	Rejected Failure = "rejected"
	// Misconfigured: the provider refuses the account (credentials, suspension, sender); an operator must act.
	Misconfigured Failure = "misconfigured"
	// Unavailable: any other failure, including throttling; a later retry may succeed.
	Unavailable Failure = "unavailable"
)

// Codes of an Error for a message that was passed to no provider.
const (
	// CodePaused: an operator has paused the provider.
	CodePaused = "paused"
	// CodePauseUnknown: the list of paused providers could not be read.
	CodePauseUnknown = "pause_unknown"
	// CodeRetryAfter: the wait that the provider asked for by Retry-After has not passed.
	CodeRetryAfter = "retry_after"
	// CodeCircuitOpen: the provider has failed several times in a row and is not called for a few seconds.
	CodeCircuitOpen = "circuit_open"
	// CodeExhausted: the message's Avoid excludes every provider, because each has reported the message undelivered.
	CodeExhausted = "exhausted"
)

// Error is a provider's refusal. It never holds the destination or the text of the message.
type Error struct {
	Provider   string
	Failure    Failure
	Code       string        // the provider's own code or the HTTP status, for operators
	RetryAfter time.Duration // the wait that the provider asked for; 0 if none
	// Unknown: the whole message was written but no response could be read, so the provider may have accepted it.
	Unknown bool
}

func (e *Error) Error() string {
	if e.Provider == "" {
		return fmt.Sprintf("%s (%s)", e.Failure, e.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Provider, e.Failure, e.Code)
}

// Asked reports whether the provider was called at all.
func (e *Error) Asked() bool {
	switch e.Code {
	case CodePaused, CodePauseUnknown, CodeRetryAfter, CodeCircuitOpen, CodeExhausted:
		return false
	default:
		return true
	}
}

type refusalsKey struct{}

// WithRefusals returns a context for one Send whose sender may call several providers. Before Send returns, note is called
// in order for each refusal except the one that Send returns as its error.
func WithRefusals(ctx context.Context, note func(*Error)) context.Context {
	return context.WithValue(ctx, refusalsKey{}, note)
}

// NoteRefusal calls the function that was passed to WithRefusals, if ctx has one.
func NoteRefusal(ctx context.Context, e *Error) {
	if note, ok := ctx.Value(refusalsKey{}).(func(*Error)); ok {
		note(e)
	}
}
