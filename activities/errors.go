package activities

import (
	"context"
	"errors"
	"strings"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// databaseError converts an error of the store to a retryable application error; nil stays nil.
func databaseError(ctx context.Context, err error) error {
	return retryable(ctx, "the user database failed", workflows.ReasonDatabaseUnavailable, err)
}

// temporalError converts an error of Temporal's client to a retryable application error; nil stays nil.
func temporalError(ctx context.Context, err error) error {
	return retryable(ctx, "Temporal refused a call", workflows.ReasonTemporalUnavailable, err)
}

// retryable converts an error to a retryable application error with a reason; nil stays nil.
func retryable(ctx context.Context, text string, reason workflows.FailureReason, err error) error {
	if err == nil {
		return nil
	}
	return temporal.NewApplicationErrorWithOptions(text, string(reason), temporal.ApplicationErrorOptions{
		Cause: err, Details: []any{workflows.Attempt{Number: attemptNumber(ctx)}},
	})
}

// attemptNumber returns the number of the activity's attempt, from 1.
func attemptNumber(ctx context.Context) int { return int(activity.GetInfo(ctx).Attempt) }

// internalError converts an error to a non-retryable application error, because a retry would fail again.
func internalError(err error) error {
	return temporal.NewNonRetryableApplicationError("internal error", string(workflows.ReasonInternal), err)
}

var deliveryReasons = map[message.Channel]map[message.Failure]workflows.FailureReason{
	message.ChannelSMS: {
		message.Rejected:      workflows.ReasonSMSRejected,
		message.Misconfigured: workflows.ReasonSMSMisconfigured,
		message.Unavailable:   workflows.ReasonSMSUnavailable,
	},
	message.ChannelEmail: {
		message.Rejected:      workflows.ReasonEmailRejected,
		message.Misconfigured: workflows.ReasonEmailMisconfigured,
		message.Unavailable:   workflows.ReasonEmailUnavailable,
	},
}

// refusalOf returns the message.Error in a provider's error. Other errors are dropped and become Unavailable, because their
// text may contain personal data.
func refusalOf(err error) *message.Error {
	refusal := &message.Error{Failure: message.Unavailable}
	_ = errors.As(err, &refusal) // leaves refusal unchanged if err is another error
	return refusal
}

// deliveryError converts the refusals of one attempt to an application error. The last refusal decides whether it is
// retryable and after what wait; the cause lists all refusals.
func deliveryError(ctx context.Context, channel message.Channel, refusals []*message.Error) error {
	last := refusals[len(refusals)-1]
	causes := make([]string, len(refusals))
	for i, refusal := range refusals {
		causes[i] = refusal.Error()
		switch refusal.Code {
		case "":
			causes[i] = "the provider could not be reached"
		case message.CodeExhausted:
			causes[i] = "every provider has reported the message undelivered"
		}
	}
	return temporal.NewApplicationErrorWithOptions("no provider accepted the message",
		string(deliveryReasons[channel][last.Failure]), temporal.ApplicationErrorOptions{
			NonRetryable:   last.Failure != message.Unavailable,
			NextRetryDelay: last.RetryAfter,
			Cause:          errors.New(strings.Join(causes, "; ")),
			Details:        []any{workflows.Attempt{Number: attemptNumber(ctx), Provider: last.Provider, ProviderCode: last.Code}},
		})
}
