package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// maxDetailLines limits the lines of the current details. The history has all events.
const maxDetailLines = 30

// addDetail adds a line to the workflow's current details in the Web UI. Lines have no personal data.
func (r *stepRunner) addDetail(ctx workflow.Context, line string) {
	r.details = append(r.details, "- "+workflow.Now(ctx).UTC().Format(time.DateTime)+" "+line)
	if len(r.details) > maxDetailLines {
		r.details = r.details[len(r.details)-maxDetailLines:]
	}
	header := r.workflow.detailHeader(r.failedDetail())
	workflow.SetCurrentDetails(ctx, header+"\n\n"+strings.Join(r.details, "\n"))
}

// failedDetail describes the parked step and what an operator can do about it. It is empty if no step is parked.
func (r *stepRunner) failedDetail() string {
	s, parked := r.firstParked()
	if !parked {
		return ""
	}
	f := r.parked[s]
	next := fmt.Sprintf("Then send the signal `%s`, or `%s` to end the workflow as failed.", SignalRetry, SignalAbandon)
	if r.ended {
		next = "Then reset this run to its first workflow task."
	}
	return fmt.Sprintf("**%s**: could not %s. %s %s\n\n%s", f.reason, s.action(), operatorActions[f.reason], next, f.summary())
}

// summary is when and how often the step failed.
func (f stepFailure) summary() string {
	text := fmt.Sprintf("Failed at %s UTC", f.at.UTC().Format(time.DateTime))
	if f.parkings > 1 {
		text += fmt.Sprintf(", failures: %d", f.parkings)
	}
	if f.attempts > 0 {
		text += fmt.Sprintf(", attempts: %d", f.attempts)
	}
	if f.last.Provider != "" {
		text += fmt.Sprintf(", last answer: %s %s", f.last.Provider, f.last.ProviderCode)
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
	ReasonLimitsUnavailable:   "Make the store of rate limits (Redis) available again.",
	ReasonTemporalUnavailable: "Temporal refused calls of a worker. Read the activity's error in the history.",
	ReasonEventUndelivered:    "Check that the endpoint accepts events and that workers serve the queue events. `registrar events list --undelivered` shows what is missing.",
	ReasonInternal:            "This is a defect. Read the activity's error in the history, and deploy a fix.",
}
