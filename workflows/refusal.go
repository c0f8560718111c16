package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
)

// Refusal is why a registration does not accept an Update now. It crosses Temporal as the application error's type.
type Refusal string

// The refusals.
const (
	RefusedNotReady        Refusal = "not_ready"              // the user is not stored yet, so no code was sent
	RefusedCodeExpired     Refusal = "code_expired"           // no code can be entered any more: ask for a new one
	RefusedTooManyAttempts Refusal = "too_many_attempts"      // ask for a new code
	RefusedCooldown        Refusal = "resend_cooldown"        // RetryAt is when the next code may be requested
	RefusedTooManyResends  Refusal = "too_many_resends"       // no more codes for this registration
	RefusedActivating      Refusal = "activating"             // the code was right, but the database has not confirmed yet
	RefusedActive          Refusal = "already_active"         // nothing to verify
	RefusedWrongCode       Refusal = "wrong_code"             // verified by another code than the typed one
	RefusedNoNumber        Refusal = "no_mobile_number"       // a code by SMS needs a number
	RefusedNumberProven    Refusal = "mobile_number_verified" // a verified number cannot be replaced
	RefusedClosed          Refusal = "registration_closed"    // rejected, superseded, expired or failed
)

// RefusedError is a Refusal as an error.
type RefusedError struct {
	Refusal Refusal
	RetryAt time.Time // zero unless waiting helps
}

func (e *RefusedError) Error() string { return string(e.Refusal) }

// application returns e as an application error, which crosses Temporal.
func (e *RefusedError) application() error {
	return temporal.NewNonRetryableApplicationError(e.Error(), string(e.Refusal), nil, e.RetryAt)
}

// AsRefused returns the refusal in an Update's error, and whether it has one.
func AsRefused(err error) (*RefusedError, bool) {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return nil, false
	}
	refused := &RefusedError{Refusal: Refusal(app.Type())}
	switch refused.Refusal {
	case RefusedNotReady, RefusedCodeExpired, RefusedTooManyAttempts, RefusedCooldown,
		RefusedTooManyResends, RefusedActivating, RefusedActive, RefusedClosed, RefusedWrongCode, RefusedNoNumber, RefusedNumberProven:
	default:
		return nil, false
	}
	if app.HasDetails() {
		_ = app.Details(&refused.RetryAt) // without it the refusal still counts
	}
	return refused, true
}
