package activities

import (
	"context"
	"errors"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// PersistUser stores the user of a registration, or returns the rule that the registration breaks.
func (a *Activities) PersistUser(ctx context.Context, in workflows.PersistInput) (workflows.PersistResult, error) {
	persisted, err := a.Users.Persist(ctx, in.Registration)
	if code := user.CodeOf(err); code != "" {
		return workflows.PersistResult{Refusal: code}, nil
	}
	out := workflows.PersistResult{Persisted: persisted}
	if err == nil && persisted.Again && persisted.Status == user.StatusPending {
		out.CodesSent, err = a.Ledger.LastSequence(ctx, in.Registration.ID, message.KindOTP)
	}
	return out, databaseError(ctx, err)
}

// ActivateUser makes the user of a registration active, unless another user has proven the email.
func (a *Activities) ActivateUser(ctx context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
	displaced, err := a.Users.Activate(ctx, in.Activation)
	if errors.Is(err, user.ErrSuperseded) {
		return workflows.ActivateResult{Superseded: true}, nil
	}
	return workflows.ActivateResult{Displaced: displaced}, databaseError(ctx, err)
}

// ExpireUser deletes the user of a registration unless it is active.
func (a *Activities) ExpireUser(ctx context.Context, in workflows.ExpireInput) (workflows.ExpireResult, error) {
	reason := event.ReasonNotVerified
	if in.Cancelled {
		reason = event.ReasonCancelled
	}
	through, err := a.Users.Expire(ctx, in.RegistrationID, reason)
	return workflows.ExpireResult{Announced: through}, databaseError(ctx, err)
}

// RecordEvent records an event that is not part of a change of the user.
func (a *Activities) RecordEvent(ctx context.Context, in workflows.RecordEventInput) (workflows.RecordEventResult, error) {
	through, err := a.Users.RecordEvent(ctx, in.RegistrationID, in.Type, in.Reason)
	return workflows.RecordEventResult{Announced: through}, databaseError(ctx, err)
}
