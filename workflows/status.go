package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
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

// publish updates the search attributes if they changed.
func (r *registration) publish(ctx workflow.Context) error {
	status, reason := r.status, FailureReason("")
	if status == StatusPending || status == StatusActive {
		status = StatusAccepted
	}
	if s, ok := r.firstParked(); ok {
		status, reason = StatusFailed, r.parked[s].reason
	}
	if status == r.publishedStatus && reason == r.publishedReason {
		return nil
	}
	updates := []temporal.SearchAttributeUpdate{attributeStatus.ValueSet(string(status))}
	if reason != "" {
		updates = append(updates, attributeReason.ValueSet(string(reason)))
	} else if r.publishedReason != "" {
		updates = append(updates, attributeReason.ValueUnset())
	}
	r.publishedStatus, r.publishedReason = status, reason
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// firstParked returns the parked step with the greatest effect on the user, by stepOrder.
func (r *registration) firstParked() (step, bool) {
	for _, s := range stepOrder {
		if _, ok := r.parked[s]; ok {
			return s, true
		}
	}
	return "", false
}

// state is the answer to QueryState.
func (r *registration) state() RegistrationState {
	s := RegistrationState{
		Status: r.status, Reason: r.publishedReason, UserID: r.persisted.UserID, Refusal: r.persisted.Refusal,
		Fingerprint: r.in.Fingerprint, Activating: r.verified && r.status == StatusPending,
		AttemptsLeft: r.code.attempts, Verification: r.code.verification(),
		DestinationKey: r.code.key,
	}
	// A parked welcome email, completion SMS or ledger entry does not affect the user, unless it made the registration fail
	// before the verification.
	first, ok := r.firstParked()
	affectsUser := !slices.Contains([]step{stepWelcome, stepCompletion, stepLedger}, first) || r.ended && r.status != StatusActive
	if ok && affectsUser {
		s.Status = StatusFailed
	}
	return s
}

// maxDetailLines limits the lines of the current details. The history has all events.
const maxDetailLines = 30

// detailLog is the log of a workflow for the Web UI, one line for each event.
type detailLog []string

// add adds a line and sets the workflow's current details to the header and the log.
func (l *detailLog) add(ctx workflow.Context, header, line string) {
	*l = append(*l, "- "+workflow.Now(ctx).UTC().Format(time.DateTime)+" "+line)
	if len(*l) > maxDetailLines {
		*l = (*l)[len(*l)-maxDetailLines:]
	}
	workflow.SetCurrentDetails(ctx, header+"\n\n"+strings.Join(*l, "\n"))
}

// addDetail adds a line to the workflow's current details in the Web UI. Lines have no personal data.
func (r *registration) addDetail(ctx workflow.Context, line string) {
	r.details.add(ctx, r.detailHeader(), line)
}

func (r *registration) addSentDetail(ctx workflow.Context, what string, out SendResult) {
	switch {
	case out.Suppressed != "":
		r.addDetail(ctx, fmt.Sprintf("%s not sent: the address is suppressed (%s)", what, out.Suppressed))
	case out.Receipt.Provider == "":
		r.addDetail(ctx, what+" already sent")
	default:
		r.addDetail(ctx, fmt.Sprintf("%s sent through %s", what, out.Receipt.Provider))
	}
}

func (r *registration) detailHeader() string {
	s, parked := r.firstParked()
	if !parked {
		return "**" + string(r.status) + "**"
	}
	p := r.parked[s]
	next := fmt.Sprintf("Then send the signal `%s`, or `%s` to end the registration as failed.", SignalRetry, SignalAbandon)
	if r.ended {
		next = "Then reset this run to its first workflow task."
	}
	return fmt.Sprintf("**%s**: could not %s. %s %s\n\n%s", p.reason, s, operatorActions[p.reason], next, p.failureSummary())
}

// failureSummary is when and how often the step failed.
func (p parkedStep) failureSummary() string {
	text := fmt.Sprintf("Failed at %s UTC", p.since.UTC().Format(time.DateTime))
	if p.times > 1 {
		text += fmt.Sprintf(", failures: %d", p.times)
	}
	if p.attempts > 0 {
		text += fmt.Sprintf(", attempts: %d", p.attempts)
	}
	if p.last.Provider != "" {
		text += fmt.Sprintf(", last answer: %s %s", p.last.Provider, p.last.Code)
	}
	return text + "."
}

// operatorActions says what an operator can do about a reason. docs/operations.md has more.
var operatorActions = map[FailureReason]string{
	ReasonDatabaseUnavailable: "Make the user database available again.",
	ReasonSMSRejected:         "The number cannot receive SMS. There is nothing to repair; the user may request a code to another number.",
	ReasonSMSMisconfigured:    "Correct the account at the SMS provider: credentials, sender, balance.",
	ReasonSMSUnavailable:      "Check that the SMS provider answers and that workers serve the queue.",
	ReasonEmailRejected:       "The address cannot receive email. There is nothing to repair.",
	ReasonEmailMisconfigured:  "Correct the account at the email provider: credentials, domain, sender.",
	ReasonEmailUnavailable:    "Check that the email provider answers and that workers serve the queue.",
	ReasonInternal:            "This is a defect. Read the activity's error in the history, and deploy a fix.",
}
