package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// databaseError is an error of the store as an application error that is retried; nil stays nil.
func databaseError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return temporal.NewApplicationErrorWithOptions("the user database did not answer as it should",
		string(workflows.ReasonDatabaseUnavailable), temporal.ApplicationErrorOptions{
			Cause: err, Details: []any{workflows.Try{Number: tryNumber(ctx)}},
		})
}

// tryNumber counts the tries of the activity, from 1.
func tryNumber(ctx context.Context) int { return int(activity.GetInfo(ctx).Attempt) }

// defect is an error that no retry mends.
func defect(err error) error {
	return temporal.NewNonRetryableApplicationError("a defect", string(workflows.ReasonInternal), err)
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

// refusalOf is what a provider's error says. Nothing of an error that is not a message.Error is kept: it may hold
// personal data.
func refusalOf(err error) *message.Error {
	refusal := &message.Error{Failure: message.Unavailable}
	_ = errors.As(err, &refusal) // or else it stays
	return refusal
}

// deliveryError is a provider's refusal as an application error: retried, after the time that the provider asked for,
// unless trying again is useless.
func deliveryError(ctx context.Context, channel message.Channel, refusal *message.Error) error {
	cause := errors.New("the provider could not be reached")
	switch {
	case refusal.Code == message.CodeExhausted:
		cause = errors.New("every provider has reported the message undelivered")
	case refusal.Provider != "":
		cause = refusal
	}
	return temporal.NewApplicationErrorWithOptions("the message was not taken",
		string(deliveryReasons[channel][refusal.Failure]), temporal.ApplicationErrorOptions{
			NonRetryable:   refusal.Failure != message.Unavailable,
			NextRetryDelay: refusal.RetryAfter,
			Cause:          cause,
			Details:        []any{workflows.Try{Number: tryNumber(ctx), Provider: refusal.Provider, Code: refusal.Code}},
		})
}
