package message

import (
	"context"
	"time"
)

type stopKey struct{}

// WithStop returns a context for one SendBatch that ends early once stop is closed: behind the recipient whose turn it is.
// What was taken until then is the receipt.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// TimeFor tells a sender of batches whether to go on with what takes so long at most: nobody has asked it to stop, and ctx
// lasts. A sender that does not go on returns what is done and no error.
func TimeFor(ctx context.Context, atMost time.Duration) bool {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	select {
	case <-stop:
		return false
	default: // also without a stop
	}
	deadline, limited := ctx.Deadline()
	return !limited || time.Until(deadline) >= atMost
}
