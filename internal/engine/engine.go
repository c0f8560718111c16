// Package engine sorts what Temporal's client says.
package engine

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// IsTemporary is true for an answer that did not come in time, or that says to come again.
func IsTemporary(err error) bool {
	var (
		timeout     *client.WorkflowUpdateServiceTimeoutOrCanceledError
		unavailable *serviceerror.Unavailable
		exhausted   *serviceerror.ResourceExhausted
		deadline    *serviceerror.DeadlineExceeded
		canceled    *serviceerror.Canceled
		notReady    *serviceerror.WorkflowNotReady
		noWorker    *serviceerror.FailedPrecondition // "no poller seen for task queue recently"
	)
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, &timeout) || errors.As(err, &unavailable) || errors.As(err, &exhausted) ||
		errors.As(err, &deadline) || errors.As(err, &canceled) || errors.As(err, &notReady) || errors.As(err, &noWorker)
}
