package activities

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// databaseError is an error of the store as an application error that is retried; nil stays nil.
func databaseError(err error) error {
	if err == nil {
		return nil
	}
	return temporal.NewApplicationErrorWithOptions("the user database did not answer as it should",
		string(workflows.ReasonDatabaseUnavailable), temporal.ApplicationErrorOptions{Cause: err})
}

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

// deliveryError is a provider's refusal as an application error: retried, after the time that the provider asked for,
// unless trying again is useless. Only the text of a message.Error goes along: any other may hold personal data.
func deliveryError(channel message.Channel, err error) error {
	refusal, cause := &message.Error{Failure: message.Unavailable}, errors.New("the provider could not be reached")
	if errors.As(err, &refusal) {
		cause = refusal
	}
	return temporal.NewApplicationErrorWithOptions("the message was not taken",
		string(deliveryReasons[channel][refusal.Failure]), temporal.ApplicationErrorOptions{
			NonRetryable:   refusal.Failure != message.Unavailable,
			NextRetryDelay: refusal.RetryAfter,
			Cause:          cause,
		})
}
