package api

import (
	"context"

	"registrar/internal/engine"
	"registrar/workflows"
)

// Engine runs registrations durably. engine.Registrations implements it.
//
// Every method returns within its context's deadline. Handlers expect engine.ErrUnavailable, engine.ErrUnconfirmed,
// engine.ErrNotFound and *workflows.RefusedError; any other error is a defect.
type Engine interface {
	// Register starts a registration, or joins the one with the same id, and waits until the user is stored or refused.
	// engine.ErrUnconfirmed: the registration is durable, but the database has not confirmed within the wait budget.
	Register(context.Context, workflows.RegistrationInput) (workflows.Persisted, error)
	// Exists reports whether a registration has started.
	Exists(ctx context.Context, registrationID string) (bool, error)
	// State returns the current state of a registration.
	State(ctx context.Context, registrationID string) (workflows.RegistrationState, error)
	// Verify enters a code. engine.ErrUnconfirmed: the code was right, but the database has not confirmed yet.
	Verify(ctx context.Context, registrationID string, in workflows.VerifyInput) (workflows.VerifyResult, error)
	// EmailConfirmed reports whether the email was confirmed by a link. It is false if Temporal does not answer in time.
	EmailConfirmed(ctx context.Context, registrationID string) bool
	// ResendOTP requests a new code.
	ResendOTP(ctx context.Context, registrationID string, in workflows.ResendInput) (workflows.Verification, error)
	// Undelivered notifies a registration that a code was reported undelivered. It is idempotent, and returns nil for a
	// registration that has ended or is unknown.
	Undelivered(ctx context.Context, registrationID string, in workflows.Undelivered) error
	// EmailLink runs a link of the welcome email once, and returns its result. engine.ErrUnconfirmed: the link will take
	// effect, but the database has not confirmed within the wait budget.
	EmailLink(context.Context, workflows.EmailLinkInput) (workflows.EmailLinkResult, error)
	// Ready returns nil when registrations can be accepted.
	Ready(context.Context) error
}

var _ Engine = (*engine.Registrations)(nil)
