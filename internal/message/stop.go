package message

import (
	"context"
	"time"
)

type stopKey struct{}

// WithStop returns a context for one SendBatch that ends early when stop is closed: after the current recipient. The
// receipt then covers the recipients sent so far.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// TimeFor reports whether a batch sender may start an operation that takes at most duration: stop is not closed, and ctx
// lasts long enough. If it may not, the sender returns its receipt so far without an error.
func TimeFor(ctx context.Context, duration time.Duration) bool {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	select {
	case <-stop:
		return false
	default: // also without a stop
	}
	deadline, limited := ctx.Deadline()
	return !limited || time.Until(deadline) >= duration
}
