package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"registrar/internal/message"
	"registrar/workflows"
)

// TestBatchOfUnknownOutcomeIsTriedTwice: a provider may accept a batch but never answers. A refused attempt in between does
// not prove that the earlier attempt was lost.
func TestBatchOfUnknownOutcomeIsTriedTwice(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 5)
	lost := &message.Error{Provider: "mailgun", Failure: message.Unavailable, Code: "timeout", Unknown: true}
	refused := &message.Error{Provider: "mailgun", Failure: message.Unavailable, Code: "503"}
	counted := 0
	for try, answer := range []*message.Error{refused, lost, refused, lost} {
		f.newAttempt()
		if counted > 0 {
			f.env.SetHeartbeatDetails(counted)
		}
		f.env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			require.NoError(t, details.Get(&counted))
		})
		f.batches.sendBatch = func(context.Context, message.Batch) (message.BatchReceipt, error) {
			return message.BatchReceipt{}, answer
		}
		_, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 3, Size: 10})
		app := applicationError(t, err)
		require.Equal(t, string(workflows.ReasonEmailUnavailable), app.Type())
		require.Equal(t, try == 3, app.NonRetryable(), "try %d", try+1)
		var last workflows.Attempt
		require.NoError(t, app.Details(&last))
		require.Equal(t, workflows.Attempt{Number: 1, Provider: "mailgun", ProviderCode: answer.Code}, last)
	}
	require.Len(t, f.attempts, 4)

	f.newAttempt() // an operator's retry starts a new step
	f.batches.sendBatch = f.takeBatch
	require.Equal(t, 5, func() int { sent, _ := f.runCampaign(t, 10); return sent }())
	f.requireOnce(t)
}
