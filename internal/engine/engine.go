// Package engine is the only package that calls Temporal's client: it starts, updates, queries, signals and lists the
// workflows of registrations and campaigns, reads their histories, and observes which task queues a client polls. It
// returns its own errors instead of Temporal's error types.
package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// The errors that every call can return, wrapped. Any other error is a defect.
var (
	// ErrUnavailable means that Temporal or a worker did not answer in time. The request may have taken effect.
	ErrUnavailable = errors.New("Temporal cannot be reached, or no worker answers") //nolint:staticcheck // a product's name
	// ErrNotFound means that Temporal never had the workflow or has deleted it.
	ErrNotFound = errors.New("not found")
)

// defaultTimeout bounds a call to Temporal, unless the options say otherwise.
const defaultTimeout = 3 * time.Second

// caller makes calls about one kind of workflow.
type caller struct {
	client  client.Client
	kind    string // names the workflow in errors
	timeout time.Duration
}

func newCaller(c client.Client, kind string, timeout time.Duration) caller {
	if timeout == 0 {
		timeout = defaultTimeout
	}
	return caller{c, kind, timeout}
}

// withTimeout limits ctx to the caller's timeout.
func (c caller) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.timeout)
}

// describe returns the server's description of the latest run of a workflow. It needs no worker.
func (c caller) describe(ctx context.Context, workflowID string) (*workflow.WorkflowExecutionInfo, error) {
	answer, err := c.client.DescribeWorkflowExecution(ctx, workflowID, "")
	return answer.GetWorkflowExecutionInfo(), c.translate("look up", err)
}

// result reads the result of a completed run into out. It needs no worker.
func (c caller) result(ctx context.Context, run *workflow.WorkflowExecutionInfo, out any) error {
	id := run.GetExecution()
	return c.translate("read the result of", c.client.GetWorkflow(ctx, id.GetWorkflowId(), id.GetRunId()).Get(ctx, out))
}

func (c caller) signal(ctx context.Context, workflowID, name string, in any) error {
	return c.translate("signal", c.client.SignalWorkflow(ctx, workflowID, "", name, in))
}

// translate turns an error of Temporal's client into one of this package; nil stays nil. action is the verb that failed.
func (c caller) translate(action string, err error) error {
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notFound):
		return fmt.Errorf("%s %w", c.kind, ErrNotFound)
	case isTemporary(err):
		return fmt.Errorf("%w: %s the %s: %w", ErrUnavailable, action, c.kind, err)
	default:
		return fmt.Errorf("%s the %s: %w", action, c.kind, err)
	}
}

// isTemporary reports whether a call got no answer in time, or an answer that asks for a retry.
func isTemporary(err error) bool {
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

// Keyword decodes a search attribute of type Keyword, which Temporal stores unencrypted. It returns "" for an absent or
// unreadable one.
func Keyword(p *common.Payload) string {
	var value string
	if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &value) != nil {
		return ""
	}
	return value
}
