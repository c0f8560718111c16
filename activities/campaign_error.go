package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// maxUnknownTries is how many tries of a batch may end without anybody knowing whether the provider took it.
const maxUnknownTries = 2

// batchError is deliveryError, but that a batch which a provider may have taken mostUnknown times is not sent again by
// itself: each try may be one more copy for everybody, so an operator decides. The tries are counted in the heartbeat.
func batchError(ctx context.Context, refusals []*message.Error) error {
	last := refusals[len(refusals)-1]
	if !last.Unknown {
		return deliveryError(ctx, message.ChannelEmail, refusals)
	}
	tries := unknownTries(ctx) + 1
	if tries < maxUnknownTries {
		// Also when the worker is being stopped, which is what may have cut the try short.
		activity.RecordHeartbeat(context.WithoutCancel(ctx), tries)
		return deliveryError(ctx, message.ChannelEmail, refusals)
	}
	return temporal.NewNonRetryableApplicationError("nobody knows whether the provider took the batch, and it was tried again once",
		string(workflows.ReasonEmailUnavailable), last,
		workflows.Try{Number: tryNumber(ctx), Provider: last.Provider, Code: last.Code})
}

// unknownTries are the earlier tries of this step whose outcome is unknown. A heartbeat that holds something else is no count.
func unknownTries(ctx context.Context) (tries int) {
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &tries) != nil {
		return 0
	}
	return tries
}
