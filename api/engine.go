package api

import (
	"context"

	"registrar/internal/engine"
	"registrar/workflows"
)

// Engine runs registrations durably; engine.Registrations does.
//
// Every method returns within its context's deadline. A handler expects engine.ErrUnavailable, engine.ErrUnconfirmed,
// engine.ErrNotFound and *workflows.RefusedError; any other error is a defect.
type Engine interface {
	// Register starts a registration, or joins the one with the same id, and waits until the user is stored or refused.
	// engine.ErrUnconfirmed: it is durable, but the database has not confirmed within the wait budget.
	Register(context.Context, workflows.RegistrationInput) (workflows.Persisted, error)
	// State tells where a registration stands.
	State(ctx context.Context, registrationID string) (workflows.RegistrationState, error)
	// Verify enters a code. engine.ErrUnconfirmed: the code was right, the database has not confirmed yet.
	Verify(ctx context.Context, registrationID string, in workflows.VerifyInput) (workflows.VerifyResult, error)
	// ResendOTP asks for a new code.
	ResendOTP(ctx context.Context, registrationID string, in workflows.ResendInput) (workflows.Verification, error)
	// Undelivered tells a registration that a code was reported undelivered. Telling it again is harmless; one that has
	// ended, or that nobody knows, needs no word.
	Undelivered(ctx context.Context, registrationID string, in workflows.Undelivered) error
	// Ready returns nil when registrations can be accepted.
	Ready(context.Context) error
}

var _ Engine = (*engine.Registrations)(nil)
