package workflows_test

import (
	"context"
	"fmt"

	"registrar/internal/user"
	"registrar/workflows"
)

var _ workflows.Activities = (*activitiesFake)(nil)

type activitiesFake struct {
	campaignFake
	changeFake
	replayFake
	persistUser       func(context.Context, workflows.PersistInput) (workflows.PersistResult, error)
	activateUser      func(context.Context, workflows.ActivateInput) (workflows.ActivateResult, error)
	expireUser        func(context.Context, workflows.ExpireInput) (workflows.ExpireResult, error)
	sendOTP           func(context.Context, workflows.OTPInput) (workflows.SendResult, error)
	sendWelcomeEmail  func(context.Context, workflows.NoticeInput) (workflows.SendResult, error)
	sendCompletionSMS func(context.Context, workflows.NoticeInput) (workflows.SendResult, error)
	sendAccountExists func(context.Context, workflows.AccountExistsInput) (workflows.SendResult, error)
	sendEmailReleased func(context.Context, workflows.EmailReleasedInput) (workflows.SendResult, error)
	confirmEmail      func(context.Context, workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error)
	disownEmail       func(context.Context, workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error)
	recordMessage     func(context.Context, workflows.RecordInput) (workflows.RecordResult, error)
	recordEvent       func(context.Context, workflows.RecordEventInput) (workflows.RecordEventResult, error)
	deliverEvents     func(context.Context, workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error)
}

func (f *activitiesFake) PersistUser(ctx context.Context, in workflows.PersistInput) (workflows.PersistResult, error) {
	return f.persistUser(ctx, in)
}

func (f *activitiesFake) ActivateUser(ctx context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
	return f.activateUser(ctx, in)
}

func (f *activitiesFake) ExpireUser(ctx context.Context, in workflows.ExpireInput) (workflows.ExpireResult, error) {
	return f.expireUser(ctx, in)
}

func (f *activitiesFake) SendOTP(ctx context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
	return f.sendOTP(ctx, in)
}

func (f *activitiesFake) SendWelcomeEmail(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	return f.sendWelcomeEmail(ctx, in)
}

func (f *activitiesFake) SendCompletionSMS(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	return f.sendCompletionSMS(ctx, in)
}

func (f *activitiesFake) SendAccountExists(ctx context.Context, in workflows.AccountExistsInput) (workflows.SendResult, error) {
	return f.sendAccountExists(ctx, in)
}

func (f *activitiesFake) SendEmailReleased(ctx context.Context, in workflows.EmailReleasedInput) (workflows.SendResult, error) {
	return f.sendEmailReleased(ctx, in)
}

func (f *activitiesFake) ConfirmEmail(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
	return f.confirmEmail(ctx, in)
}

func (f *activitiesFake) DisownEmail(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
	return f.disownEmail(ctx, in)
}

func (f *activitiesFake) RecordMessage(ctx context.Context, in workflows.RecordInput) (workflows.RecordResult, error) {
	return f.recordMessage(ctx, in)
}

func (f *activitiesFake) RecordEvent(ctx context.Context, in workflows.RecordEventInput) (workflows.RecordEventResult, error) {
	return f.recordEvent(ctx, in)
}

func (f *activitiesFake) DeliverEvents(ctx context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
	return f.deliverEvents(ctx, in)
}

// sentCodes stores the codes that are sent: sequence, channel and destination.
func (f *fixture) sentCodes() *[]string {
	codes := new([]string)
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		*codes = append(*codes, fmt.Sprintf("%d %s %s", in.Sequence, in.Channel, in.To))
		return sentBy("acme"), nil
	}
	return codes
}

// activation stores the activation.
func (f *fixture) activation() *user.Activation {
	activation := new(user.Activation)
	f.fake.activateUser = func(_ context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
		*activation = in.Activation
		return workflows.ActivateResult{}, nil
	}
	return activation
}
