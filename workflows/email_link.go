package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/user"
)

// EmailLinkWorkflowType is the name of EmailLinkWorkflow for clients. Its Update is UpdateMade.
const EmailLinkWorkflowType = "EmailLinkWorkflow"

// EmailLinkAction is what a link in the welcome email does.
type EmailLinkAction string

// The links in the welcome email.
const (
	ActionConfirm EmailLinkAction = "confirm" // the address is mine, and so is the account
	ActionDisown  EmailLinkAction = "not-me"  // the address is mine, but I did not register
)

// EmailLinkWorkflowID is the id of the workflow that runs a link. Each link of a registration runs once.
func EmailLinkWorkflowID(action EmailLinkAction, registrationID string) string {
	return "email-" + string(action) + "-" + registrationID
}

// EmailLinkInput starts EmailLinkWorkflow.
type EmailLinkInput struct {
	Action         EmailLinkAction
	RegistrationID string
	AddressKey     string // keyed hash of the address that the link was sent to
	RequestedAt    time.Time
	Budgets        Budgets
	ParkingTime    time.Duration // how long a failed step waits for an operator
}

// EmailLinkResult is the result of EmailLinkWorkflow.
type EmailLinkResult struct{ Outcome EmailLinkOutcome }

// EmailLinkOutcome is what a link has changed.
type EmailLinkOutcome string

// The outcomes of links.
const (
	LinkConfirmed EmailLinkOutcome = "confirmed" // the account holds the address
	LinkDisowned  EmailLinkOutcome = "disowned"  // the account no longer has the address
	LinkTooLate   EmailLinkOutcome = "too_late"  // not disowned, because the address had been proven
	LinkVoid      EmailLinkOutcome = "void"      // the account no longer had the address
)

// EmailLinkStepResult is the result of ConfirmEmail and DisownEmail.
type EmailLinkStepResult struct {
	Outcome   EmailLinkOutcome
	Displaced user.Displaced // the registrations that lost the address, and all announced events
}

// EmailLinkWorkflow does what a link in the welcome email asks, also while the database is unavailable and after the
// registration has ended. Its steps park like those of a registration. UpdateMade does not wait for messages and events.
func EmailLinkWorkflow(ctx workflow.Context, in EmailLinkInput) (EmailLinkResult, error) {
	if err := checkID(ctx, EmailLinkWorkflowID(in.Action, in.RegistrationID)); err != nil {
		return EmailLinkResult{}, err
	}
	l := &emailLink{in: in}
	l.stepRunner = newStepRunner(l, in.Budgets, in.ParkingTime, published{attribute: attributeStatus, status: l.publicStatus()})
	l.listenForOperators(ctx)
	if err := listenForMade(ctx, &l.stepRunner, l.result); err != nil {
		return EmailLinkResult{}, err
	}
	if err := l.closeChange(ctx, l.run(ctx), "the link has failed"); err != nil {
		return EmailLinkResult{}, err
	}
	return l.result(), nil
}

func (l *emailLink) result() EmailLinkResult { return EmailLinkResult{l.out.Outcome} }

// emailLink is the state of one run.
type emailLink struct {
	stepRunner
	in  EmailLinkInput
	out EmailLinkStepResult
}

func (l *emailLink) run(ctx workflow.Context) error {
	s, change := stepConfirm, Activities.ConfirmEmail
	if l.in.Action == ActionDisown {
		s, change = stepDisown, Activities.DisownEmail
	}
	err := l.runStep(ctx, s, func(ctx workflow.Context) (err error) {
		l.out, err = executeLocally(ctx, l.budgets, s.action(), change, l.in)
		return err
	})
	if err != nil {
		return err
	}
	l.made = true
	l.addDetail(ctx, fmt.Sprintf("%s: %s", l.in.Action, l.out.Outcome))
	l.announce(ctx, l.out.Displaced.Announced...)
	l.supersede(ctx, l.out.Displaced.Superseded)
	lost := released{registrationIDs: l.out.Displaced.Released}
	if err := l.runStep(ctx, stepReleased, func(ctx workflow.Context) error { return l.tell(ctx, &lost) }); err != nil {
		return err
	}
	return l.await(ctx, l.delivered)
}

func (*emailLink) unavailable(s step) FailureReason { return steps[s].unavailable }
func (*emailLink) publicStatus() string             { return string(StatusAccepted) }

func (l *emailLink) detailHeader(failed string) string {
	return cmp.Or(failed, fmt.Sprintf("**%s** of registration %s", l.in.Action, l.in.RegistrationID))
}
