package workflows

import (
	"cmp"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
)

var (
	attributeStatus = temporal.NewSearchAttributeKeyKeyword(AttributeStatus)
	attributeReason = temporal.NewSearchAttributeKeyKeyword(AttributeFailureReason)
	attributeEmail  = temporal.NewSearchAttributeKeyKeyword(AttributeEmailHash)
)

// InitialAttributes are the search attributes at the start of a registration. Without failures, RegistrationStatus stays
// accepted, even when the account is active, because each write adds an event to the history. It changes only when a step
// fails or the registration ends in another way.
func InitialAttributes(emailHash string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attributeStatus.ValueSet(string(StatusAccepted)), attributeEmail.ValueSet(emailHash))
}

// publicStatus returns the status for the search attributes while no step is parked.
func (r *registration) publicStatus() string {
	if r.status == StatusPending || r.status == StatusActive {
		return string(StatusAccepted)
	}
	return string(r.status)
}

// outcome is the present outcome.
func (r *registration) outcome() Outcome {
	return Outcome{
		Status: r.status, UserID: r.userID, Refusal: r.refusal,
		Fingerprint: r.in.Fingerprint, Verification: r.codes.verification(),
		EmailVerified: r.proofs.email && r.status == StatusActive, CodeDigest: r.codeDigest,
	}
}

// state is the answer to QueryState.
func (r *registration) state() RegistrationState {
	s := RegistrationState{
		Outcome: r.outcome(), Reason: r.published.reason, Activating: r.verified && r.status == StatusPending,
		AwaitsCode:   r.status == StatusPending && !r.verified && !r.ended,
		AttemptsLeft: r.codes.last.attemptsLeft, Destinations: r.codes.keys, Route: user.RouteOf(r.codes.mobile), ClosedChannels: r.closedChannels(),
	}
	// A parked welcome email, ledger entry or event does not affect the user, unless it made the registration fail before the
	// verification. Nothing affects an active user.
	first, ok := r.firstParked()
	affectsUser := r.ended || !slices.Contains([]step{stepWelcome, stepLedger, stepDeliver, stepRecordEvent}, first)
	if ok && affectsUser && r.status != StatusActive {
		s.Status = StatusFailed
	}
	return s
}

// addSentDetail adds what became of a message to the current details.
func (r *stepRunner) addSentDetail(ctx workflow.Context, what string, out SendResult) {
	switch {
	case out.Suppressed != "":
		r.addDetail(ctx, fmt.Sprintf("%s not sent: the address is suppressed (%s)", what, out.Suppressed))
	case out.Receipt.Provider == "":
		r.addDetail(ctx, what+" already sent")
	default:
		r.addDetail(ctx, fmt.Sprintf("%s sent through %s", what, out.Receipt.Provider))
	}
}

func (r *registration) detailHeader(failed string) string {
	return cmp.Or(failed, "**"+string(r.status)+"**")
}

// unavailable returns the reason of a step without a report of its activity.
func (r *registration) unavailable(s step) FailureReason {
	if s == stepOTP && r.codes.last.channel == message.ChannelEmail {
		return ReasonEmailUnavailable
	}
	return steps[s].unavailable
}
