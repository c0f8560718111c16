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
		return a.voidLink(ctx, in, err)
	}
	displaced, err := a.Users.ConfirmEmail(ctx, in.RegistrationID, canonical, in.RequestedAt)
	if errors.Is(err, user.ErrSuperseded) {
		return a.voidLink(ctx, in, nil)
	}
	return workflows.EmailLinkStepResult{Outcome: workflows.LinkConfirmed, Displaced: displaced}, databaseError(ctx, err)
}

// DisownEmail removes an unproven address from a registration's user, because the owner of the address did not register.
func (a *Activities) DisownEmail(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
	canonical, err := a.linkedAddress(ctx, in)
	if err != nil || canonical == "" {
		return a.voidLink(ctx, in, err)
	}
	displaced, err := a.Users.DisownEmail(ctx, in.RegistrationID, canonical, in.RequestedAt)
	switch {
	case errors.Is(err, user.ErrEmailProven):
		return workflows.EmailLinkStepResult{Outcome: workflows.LinkTooLate}, nil
	case errors.Is(err, user.ErrSuperseded):
		return a.voidLink(ctx, in, nil)
	}
	return workflows.EmailLinkStepResult{Outcome: workflows.LinkDisowned, Displaced: displaced}, databaseError(ctx, err)
}

// voidLink is the result for an account that does not have the address. An attempt whose answer was lost may have taken it
// from the account, so the account's events are delivered.
func (a *Activities) voidLink(ctx context.Context, in workflows.EmailLinkInput, err error) (workflows.EmailLinkStepResult, error) {
	out := workflows.EmailLinkStepResult{Outcome: workflows.LinkVoid}
	if err == nil {
		out.Displaced.Announced, err = a.Users.Announced(ctx, in.RegistrationID)
	}
	return out, databaseError(ctx, err)
}

// linkedAddress returns the stored address of a link's registration, or "" if it is not the one that the link was sent to.
func (a *Activities) linkedAddress(ctx context.Context, in workflows.EmailLinkInput) (canonical string, err error) {
	contact, found, err := a.Users.Contact(ctx, in.RegistrationID)
	if err != nil || !found || a.Links.AddressKey(contact.EmailCanonical) != in.AddressKey {
		return "", err
	}
	return contact.EmailCanonical, nil
}
