package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// step is an activity that a workflow runs, again after each parking, until it succeeds. Its value is the activity's name.
type step string

// The steps of a registration.
const (
	stepPersist    step = "PersistUser"
	stepActivate   step = "ActivateUser"
	stepExpire     step = "ExpireUser"
	stepOTP        step = "SendOTP"
	stepWelcome    step = "SendWelcomeEmail"
	stepCompletion step = "SendCompletionSMS"
	stepExists     step = "SendAccountExists"
	stepReleased   step = "SendEmailReleased"
	stepLedger     step = "RecordMessage"
)

// The steps of events.
const (
	stepRecordEvent step = "RecordEvent"
	stepDeliver     step = "DeliverEvents"
	stepCountEvents step = "CountEvents"
	stepReplay      step = "ReplayEvents"
	stepSweep       step = "SweepEvents"
)

// The steps of the links in the welcome email.
const (
	stepConfirm step = "ConfirmEmail"
	stepDisown  step = "DisownEmail"
)

// The steps of a change of a user.
const (
	stepChange    step = "ChangeUser"
	stepStop      step = "StopWorkflows"
	stepForget    step = "ForgetLimits"
	stepErase     step = "EraseUser"
	stepHistories step = "DeleteHistories"
	stepErased    step = "CompleteErasure"
)

// stepRetention is the step of RetentionWorkflow.
const stepRetention step = "DeleteExpired"

// The steps of a campaign.
const (
	stepStoreCampaign step = "StoreCampaign"
	stepStartCampaign step = "StartCampaign"
	stepBatch         step = "SendCampaignBatch"
	stepRecordBatch   step = "RecordCampaignBatch"
	stepSetStatus     step = "SetCampaignStatus"
)

// stepOrder ranks the steps by the effect of their failure on the user. The first parked step gives the FailureReason.
var stepOrder = []step{
	stepPersist, stepActivate, stepExpire, stepOTP, stepConfirm, stepDisown, stepWelcome, stepCompletion, stepExists, stepReleased, stepLedger,
	stepChange, stepStop, stepForget, stepErase, stepHistories, stepErased, stepRetention,
	stepStoreCampaign, stepStartCampaign, stepBatch, stepRecordBatch, stepSetStatus,
	stepRecordEvent, stepDeliver, stepCountEvents, stepReplay, stepSweep,
}

// action is what the step does, for operators.
func (s step) action() string { return steps[s].action }

// stepFailure is how a step has failed since it began.
type stepFailure struct {
	reason   FailureReason
	at       time.Time // of the last parking
	parkings int       // how often the step has parked
	attempts int       // of the activity, as far as reported
	last     Attempt   // zero if the activity reported none
}

// addAttempts adds the attempts of a run of the activity.
func (f *stepFailure) addAttempts(err error) {
	f.last = lastAttempt(err)
	f.attempts += f.last.Number
}

// runStep runs a step until it succeeds. An error means that the step was cancelled, was abandoned, or parked for too long.
func (r *stepRunner) runStep(ctx workflow.Context, s step, run func(workflow.Context) error) error {
	var failure stepFailure
	for {
		budget := steps[s].budget(r.budgets)
		err := run(ctx)
		if err == nil {
			reportRecovery(ctx, s, failure)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failure.addAttempts(err)
		if steps[s].budget(r.budgets) > budget && isRetryable(err) { // an operator raised the budget during the run
			continue
		}
		if err := r.park(ctx, s, &failure, err); err != nil {
			return err
		}
	}
}

// isRetryable reports whether more attempts may help after a budget was used up.
func isRetryable(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return !ok || !app.NonRetryable()
}

// lastAttempt returns the last attempt in an activity's error, or a zero Attempt if the error has none.
func lastAttempt(err error) Attempt {
	var last Attempt
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.HasDetails() {
		_ = app.Details(&last) // after an error, the reason is still known
	}
	return last
}

// String returns the attempt as the end of a line in the details.
func (a Attempt) String() string {
	switch {
	case a.Number == 0:
		return ""
	case a.ProviderCode == message.CodeExhausted:
		return fmt.Sprintf(" (attempt %d, every provider has reported the message undelivered)", a.Number)
	case a.Provider == "":
		return fmt.Sprintf(" (attempt %d)", a.Number)
	default:
		return fmt.Sprintf(" (attempt %d, %s answered %s)", a.Number, a.Provider, a.ProviderCode)
	}
}

// reasonOf returns the reason in an activity's error. It returns fallback if no worker picked up the task or the attempt
// timed out, so that the activity could not report a reason.
func reasonOf(err error, fallback FailureReason) FailureReason {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		if reason := FailureReason(app.Type()); slices.Contains(FailureReasons, reason) {
			return reason
		}
		return ReasonInternal
	}
	if _, ok := errors.AsType[*temporal.PanicError](err); ok {
		return ReasonInternal
	}
	return fallback
}
