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

// internalError is an error that no retry mends.
func internalError(err error) error {
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

// deliveryError is what providers refused in one try, as an application error: retried, after the time that they asked
// for, unless trying again is useless. The last refusal decides; the others are told in the cause.
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
	return temporal.NewApplicationErrorWithOptions("the message was not taken",
		string(deliveryReasons[channel][last.Failure]), temporal.ApplicationErrorOptions{
			NonRetryable:   last.Failure != message.Unavailable,
			NextRetryDelay: last.RetryAfter,
			Cause:          errors.New(strings.Join(causes, "; ")),
			Details:        []any{workflows.Try{Number: tryNumber(ctx), Provider: last.Provider, Code: last.Code}},
		})
}
