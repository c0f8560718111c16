package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// maxUnknownAttempts is the maximum number of attempts of a batch with an unknown outcome.
const maxUnknownAttempts = 2

// batchError is like deliveryError, but after maxUnknownAttempts attempts with an unknown outcome the error is not
// retryable. Each further attempt could send every recipient one more copy, so an operator must decide. The heartbeat
// counts the attempts.
func batchError(ctx context.Context, refusals []*message.Error) error {
	last := refusals[len(refusals)-1]
	if !last.Unknown {
		return deliveryError(ctx, message.ChannelEmail, refusals)
	}
	attempts := unknownAttempts(ctx) + 1
	if attempts < maxUnknownAttempts {
		// The worker may be stopping, which may have interrupted the attempt; the count must be recorded even then.
		activity.RecordHeartbeat(context.WithoutCancel(ctx), attempts)
		return deliveryError(ctx, message.ChannelEmail, refusals)
	}
	return temporal.NewNonRetryableApplicationError("two attempts ended without an answer, so the provider may have accepted the batch",
		string(workflows.ReasonEmailUnavailable), last,
		workflows.Attempt{Number: attemptNumber(ctx), Provider: last.Provider, ProviderCode: last.Code})
}

// unknownAttempts returns the number of earlier attempts of this step with an unknown outcome. Heartbeat details of another
// type count as 0.
func unknownAttempts(ctx context.Context) (attempts int) {
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &attempts) != nil {
		return 0
	}
	return attempts
}
