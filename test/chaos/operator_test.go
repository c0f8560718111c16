//go:build chaos

package chaos_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	batchpb "go.temporal.io/api/batch/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"registrar/test/parts"
)

// parked is the query of docs/operations.md.
const parked = "RegistrationStatus='failed' AND FailureReason='sms_unavailable'"

// retryParked waits until every acknowledged registration has a code or is parked, and then retries the parked ones once
// like `temporal workflow signal --query … --name retry` in docs/operations.md.
func (s *site) retryParked() error {
	temporal, err := client.DialContext(s.ctx, client.Options{
		HostPort: s.Temporal.Addresses()[0], Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	defer temporal.Close()
	err = parts.Await(s.ctx, s.plan.timeout/2, nil, func(ctx context.Context) error {
		answer, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "ExecutionStatus='Running' AND " + parked})
		if err != nil {
			return err
		}
		known, coded := 0, len(s.Twilio.Recipients())-s.others
		for _, l := range s.loads {
			known += l.known()
		}
		if answer.Count == 0 || known != coded+int(answer.Count) {
			return fmt.Errorf("%d registrations, %d with a code, %d parked", known, coded, answer.Count)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait until registrations are parked: %w", err)
	}
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	_, err = temporal.WorkflowService().StartBatchOperation(ctx, &workflowservice.StartBatchOperationRequest{
		Namespace: client.DefaultNamespace, VisibilityQuery: parked, JobId: rand.Text(), Reason: "the SMS provider is back",
		Operation: &workflowservice.StartBatchOperationRequest_SignalOperation{SignalOperation: &batchpb.BatchOperationSignal{Signal: "retry"}},
	})
	return err
}
