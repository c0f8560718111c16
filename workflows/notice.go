package workflows

import "go.temporal.io/sdk/workflow"

// sendWelcome sends the welcome email. It has a link to confirm the address if no code proves it.
func (r *registration) sendWelcome(ctx workflow.Context) error {
	in := r.notice(r.in.Profile.Email)
	in.EmailCanonical, in.ConfirmLink = r.in.Profile.EmailCanonical, !r.proofs.needEmail && !r.proofs.email
	out, err := execute(ctx, r.budgets, "send the welcome email", Activities.SendWelcomeEmail, in)
	if err == nil {
		r.sent(ctx, "welcome email", out)
	}
	return err
}

func (r *registration) sendCompletion(ctx workflow.Context) error {
	out, err := execute(ctx, r.budgets, "send the completion SMS", Activities.SendCompletionSMS, r.notice(r.codes.mobile))
	if err == nil {
		r.sent(ctx, "completion SMS", out)
	}
	return err
}

func (r *registration) notice(to string) NoticeInput {
	return NoticeInput{
		RegistrationID: r.in.RegistrationID, UserID: r.userID,
		To: to, FirstName: r.in.Profile.FirstName, Locale: r.in.Profile.Locale, RequestedAt: r.in.RequestedAt,
		Attributes: r.in.Profile.Attributes,
	}
}
