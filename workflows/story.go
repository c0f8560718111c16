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

// InitialAttributes are the search attributes that a registration starts with. RegistrationStatus stays accepted on the
// usual way, to its end as an active account, since each later write costs an event in the history: it changes when
// there is something for an operator to know.
func InitialAttributes(emailHash string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attributeStatus.ValueSet(string(StatusAccepted)), attributeEmail.ValueSet(emailHash))
}

// publish brings the search attributes up to date; it writes only what changed.
func (r *registration) publish(ctx workflow.Context) error {
	status, reason := r.status, FailureReason("")
	if status == StatusPending || status == StatusActive {
		status = StatusAccepted
	}
	if s, ok := r.firstParked(); ok {
		status, reason = StatusFailed, r.parked[s].reason
	}
	if status == r.shown && reason == r.reason {
		return nil
	}
	updates := []temporal.SearchAttributeUpdate{attributeStatus.ValueSet(string(status))}
	if reason != "" {
		updates = append(updates, attributeReason.ValueSet(string(reason)))
	} else if r.reason != "" {
		updates = append(updates, attributeReason.ValueUnset())
	}
	r.shown, r.reason = status, reason
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// firstParked is the parked step that a person feels most.
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
		Status: r.status, Reason: r.reason, UserID: r.persisted.UserID, Refusal: r.persisted.Refusal,
		Fingerprint: r.in.Fingerprint, Activating: r.verified && r.status == StatusPending,
		AttemptsLeft: r.code.attempts, Verification: r.code.verification(),
		DestinationKey: r.code.key,
	}
	// A person is not concerned by a welcome email that waits for an operator, until it ends a registration that was not
	// verified yet.
	first, ok := r.firstParked()
	concerned := !slices.Contains([]step{stepWelcome, stepCompletion, stepLedger}, first) || r.ended && r.status != StatusActive
	if ok && concerned {
		s.Status = StatusFailed
	}
	return s
}

// storyLines bounds the current details; the history has the rest.
const storyLines = 30

// story is what happened, a line each, for the Web UI.
type story []string

// tell adds a line, and shows the story under a headline as the workflow's current details.
func (s *story) tell(ctx workflow.Context, headline, line string) {
	*s = append(*s, "- "+workflow.Now(ctx).UTC().Format(time.DateTime)+" "+line)
	if len(*s) > storyLines {
		*s = (*s)[len(*s)-storyLines:]
	}
	workflow.SetCurrentDetails(ctx, headline+"\n\n"+strings.Join(*s, "\n"))
}

// tell adds a line to what the Web UI shows as the workflow's current details. No line holds personal data.
func (r *registration) tell(ctx workflow.Context, line string) { r.story.tell(ctx, r.headline(), line) }

func (r *registration) tellSent(ctx workflow.Context, what string, out SendResult) {
	switch {
	case out.Suppressed != "":
		r.tell(ctx, fmt.Sprintf("%s not sent: the address is suppressed (%s)", what, out.Suppressed))
	case out.Receipt.Provider == "":
		r.tell(ctx, what+" already sent")
	default:
		r.tell(ctx, fmt.Sprintf("%s sent through %s", what, out.Receipt.Provider))
	}
}

func (r *registration) headline() string {
	s, parked := r.firstParked()
	if !parked {
		return "**" + string(r.status) + "**"
	}
	p := r.parked[s]
	next := fmt.Sprintf("Then send the signal `%s`; `%s` gives up.", SignalRetry, SignalAbandon)
	if r.ended {
		next = "Then reset this run to its first workflow task."
	}
	return fmt.Sprintf("**%s**: could not %s. %s %s\n\n%s", p.reason, s, remedies[p.reason], next, p.facts())
}

// facts are when and how often the step failed.
func (p parking) facts() string {
	text := fmt.Sprintf("Failed at %s UTC", p.since.UTC().Format(time.DateTime))
	if p.times > 1 {
		text += fmt.Sprintf(", failures: %d", p.times)
	}
	if p.tries > 0 {
		text += fmt.Sprintf(", tries: %d", p.tries)
	}
	if p.last.Provider != "" {
		text += fmt.Sprintf(", last answer: %s %s", p.last.Provider, p.last.Code)
	}
	return text + "."
}

// remedies say what an operator can do about a reason. docs/operations.md says more.
var remedies = map[FailureReason]string{
	ReasonDatabaseUnavailable: "Bring the user database back.",
	ReasonSMSRejected:         "The number takes no SMS: nothing to mend, the person may ask for a code to another one.",
	ReasonSMSMisconfigured:    "Correct the account at the SMS provider: credentials, sender, balance.",
	ReasonSMSUnavailable:      "See whether the SMS provider answers and workers serve the queue.",
	ReasonEmailRejected:       "The address takes no email: nothing to mend.",
	ReasonEmailMisconfigured:  "Correct the account at the email provider: credentials, domain, sender.",
	ReasonEmailUnavailable:    "See whether the email provider answers and workers serve the queue.",
	ReasonInternal:            "This is a defect: the activity's error in the history says which; deploy the correction.",
}
