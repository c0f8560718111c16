package activities

import (
	"context"

	"registrar/internal/user"
	"registrar/workflows"
)

// ChangeUser changes a stored user.
func (a *Activities) ChangeUser(ctx context.Context, in workflows.ChangeUserInput) (user.ChangeResult, error) {
	out, err := a.Users.ChangeUser(ctx, in.Request)
	return out, databaseError(ctx, err)
}

// StopWorkflows cancels the running workflows of a user and waits for their end.
func (a *Activities) StopWorkflows(ctx context.Context, in workflows.StopWorkflowsInput) (out workflows.StopWorkflowsResult, err error) {
	subject, found, err := a.Erasures.Subject(ctx, in.ID)
	if err != nil {
		return out, databaseError(ctx, err)
	}
	if !found { // the registration may have left nothing but its workflow
		subject.RegistrationID = in.ID
		if found, err = a.Executions.Exists(ctx, in.ID); err != nil || !found {
			return out, temporalError(ctx, err)
		}
	}
	out.Found, out.UserID, out.RegistrationID = true, subject.UserID, subject.RegistrationID
	if subject.HoldsEmail {
		if out.Registrations, err = a.earlierRegistrations(ctx, subject); err != nil {
			return out, err
		}
	}
	out.Stopped, err = a.Executions.Stop(ctx, out.Erased)
	return out, temporalError(ctx, err)
}

// earlierRegistrations returns the ended registrations of a subject's email that have no user any more.
func (a *Activities) earlierRegistrations(ctx context.Context, s user.Subject) ([]string, error) {
	ended, err := a.Executions.EndedOf(ctx, s.Email)
	if err != nil {
		return nil, temporalError(ctx, err)
	}
	without, err := a.Erasures.WithoutUser(ctx, ended)
	return without, databaseError(ctx, err)
}

// ForgetLimits deletes the counts of messages to the user's destinations.
func (a *Activities) ForgetLimits(ctx context.Context, in workflows.ErasedInput) (out workflows.ErasedResult, err error) {
	if a.Limits == nil {
		return out, nil
	}
	subject, found, err := a.Erasures.Subject(ctx, in.Erased.RegistrationID)
	if err != nil || !found {
		return out, databaseError(ctx, err)
	}
	if err := a.Limits.Forget(ctx, user.Mailbox(subject.Email), subject.Mobile); err != nil {
		return out, retryable(ctx, "the store of rate limits failed", workflows.ReasonLimitsUnavailable, err)
	}
	return out, nil
}

// EraseUser deletes everything about the user from the database.
func (a *Activities) EraseUser(ctx context.Context, in workflows.EraseUserInput) (user.ChangeResult, error) {
	out, err := a.Erasures.Erase(ctx, in.Erasure)
	return out, databaseError(ctx, err)
}

// DeleteHistories deletes the user's workflows from Temporal.
func (a *Activities) DeleteHistories(ctx context.Context, in workflows.ErasedInput) (out workflows.ErasedResult, err error) {
	return out, temporalError(ctx, a.Executions.Delete(ctx, in.Erased))
}

// CompleteErasure sets the time of a receipt.
func (a *Activities) CompleteErasure(ctx context.Context, in workflows.CompleteErasureInput) (out workflows.ErasedResult, err error) {
	return out, databaseError(ctx, a.Erasures.CompleteErasure(ctx, in.ID, in.At))
}
