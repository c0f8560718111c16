package workflows

import (
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// supersede signals registrations whose users were deleted, so that they stop sending. Correctness does not depend on it:
// the database refuses to activate a deleted user. It waits until the signals are delivered, because the server drops those of
// a workflow that has ended.
func (r *stepRunner) supersede(ctx workflow.Context, registrationIDs []string) {
	var delivered []workflow.Future
	for _, id := range registrationIDs {
		delivered = append(delivered, workflow.SignalExternalWorkflow(ctx, RegistrationWorkflowID(id), "", SignalSuperseded, nil))
		r.addDetail(ctx, "superseded registration "+id)
	}
	for _, signal := range delivered {
		_ = signal.Get(ctx, nil) // the registration may have ended
	}
}

// released are the registrations of users who lost an address and are not told yet.
type released struct {
	registrationIDs []string
	unrecorded      *message.Entry // the first user's message, if it was sent but is not in the ledger yet
}

// tell tells the users of rel by SMS that they lost the address. After an error it can be called again, and goes on where it
// stopped.
func (r *stepRunner) tell(ctx workflow.Context, rel *released) error {
	for ; len(rel.registrationIDs) > 0; rel.registrationIDs = rel.registrationIDs[1:] {
		if rel.unrecorded == nil {
			id := rel.registrationIDs[0]
			out, err := execute(ctx, r.budgets, stepReleased.action(), Activities.SendEmailReleased, EmailReleasedInput{id})
			if err != nil {
				return err
			}
			r.addSentDetail(ctx, "SMS about the lost address to the user of registration "+id, out)
			rel.unrecorded = out.Unrecorded
		}
		if rel.unrecorded == nil {
			continue
		}
		if _, err := execute(ctx, r.budgets, stepLedger.action(), Activities.RecordMessage, RecordInput{*rel.unrecorded}); err != nil {
			return err
		}
		rel.unrecorded = nil
	}
	return nil
}
