package workflows

import "go.temporal.io/sdk/workflow"

func (r *registration) sendWelcome(ctx workflow.Context) error {
	out, err := execute(ctx, r.budgets, "send the welcome email", Activities.SendWelcomeEmail, r.notice(r.in.Profile.Email))
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
	}
}
