package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

// TestBatchEndsWithTheWorker: when the worker stops, the sender stops too and returns its receipt so far.
func TestBatchEndsWithTheWorker(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 5)
	stop := make(chan struct{})
	f.env.SetWorkerStopChannel(stop)
	f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
		require.True(t, message.TimeFor(ctx, time.Second))
		close(stop)
		require.False(t, message.TimeFor(ctx, time.Second))
		b.Recipients = b.Recipients[:3]
		return f.takeBatch(ctx, b)
	}
	out, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10})
	require.NoError(t, err)
	require.Equal(t, 3, out.Sent)
	require.Equal(t, "u-002", f.ledger[1].Last)
}

// TestLedgerIsWrittenAfterTheStopTimeout cancels the activities' context after the provider has accepted the message, like a
// worker after WORKER_STOP_TIMEOUT.
func TestLedgerIsWrittenAfterTheStopTimeout(t *testing.T) {
	t.Parallel()
	requireTime := func(ctx context.Context) {
		require.NoError(t, ctx.Err())
		deadline, limited := ctx.Deadline()
		require.True(t, limited)
		require.WithinDuration(t, time.Now(), deadline, 5*time.Second)
	}
	t.Run("a batch", func(t *testing.T) {
		t.Parallel()
		f := setupCampaign(t, 5)
		background, cancel := context.WithCancel(t.Context())
		f.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: background})
		f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
			cancel()
			require.Error(t, ctx.Err())
			return f.takeBatch(ctx, b)
		}
		record := f.campaigns.recordCampaignBatch
		f.campaigns.recordCampaignBatch = func(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
			requireTime(ctx)
			return record(ctx, b)
		}
		_, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10})
		require.NoError(t, err)
		require.Len(t, f.ledger, 1)
	})
	t.Run("a code", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		background, cancel := context.WithCancel(t.Context())
		f.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: background})
		send, record := f.sms.send, f.ledger.record
		f.sms.send = func(ctx context.Context, m message.Message) (message.Receipt, error) {
			cancel()
			return send(ctx, m)
		}
		f.ledger.record = func(ctx context.Context, entry message.Entry) error {
			requireTime(ctx)
			return record(ctx, entry)
		}
		_, err := run(t, f, f.steps.SendOTP, otpInput(message.ChannelSMS))
		require.NoError(t, err)
		require.Len(t, f.recorded, 1)
	})
}
