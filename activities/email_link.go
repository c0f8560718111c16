package activities

import (
	"context"
	"errors"

	"registrar/internal/user"
	"registrar/workflows"
)

// ConfirmEmail proves the address of a registration's user, because the user opened a link that was sent to it.
func (a *Activities) ConfirmEmail(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
	canonical, err := a.linkedAddress(ctx, in)
	if err != nil || canonical == "" {
		return workflows.EmailLinkStepResult{Outcome: workflows.LinkVoid}, databaseError(ctx, err)
	}
	displaced, err := a.Users.ConfirmEmail(ctx, in.RegistrationID, canonical, in.RequestedAt)
	if errors.Is(err, user.ErrSuperseded) {
		return workflows.EmailLinkStepResult{Outcome: workflows.LinkVoid}, nil
	}
	return workflows.EmailLinkStepResult{Outcome: workflows.LinkConfirmed, Displaced: displaced}, databaseError(ctx, err)
}

// DisownEmail removes an unproven address from a registration's user, because the owner of the address did not register.
func (a *Activities) DisownEmail(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
	canonical, err := a.linkedAddress(ctx, in)
	if err != nil || canonical == "" {
		return workflows.EmailLinkStepResult{Outcome: workflows.LinkVoid}, databaseError(ctx, err)
	}
	out := workflows.EmailLinkStepResult{Outcome: workflows.LinkDisowned}
	switch status, err := a.Users.DisownEmail(ctx, in.RegistrationID, canonical, in.RequestedAt); {
	case errors.Is(err, user.ErrEmailProven):
		out.Outcome = workflows.LinkTooLate
	case errors.Is(err, user.ErrSuperseded):
		out.Outcome = workflows.LinkVoid
	case err != nil:
		return out, databaseError(ctx, err)
	case status == user.StatusPending:
		out.Displaced.Superseded = []string{in.RegistrationID}
	default:
		out.Displaced.Released = []string{in.RegistrationID}
	}
	return out, nil
}

// linkedAddress returns the stored address of a link's registration, or "" if it is not the one that the link was sent to.
func (a *Activities) linkedAddress(ctx context.Context, in workflows.EmailLinkInput) (canonical string, err error) {
	contact, found, err := a.Users.Contact(ctx, in.RegistrationID)
	if err != nil || !found || a.Links.AddressKey(contact.EmailCanonical) != in.AddressKey {
		return "", err
	}
	return contact.EmailCanonical, nil
}
