package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

// ledgerLacks makes the ledger fail while the second batch is sent, and in the next attempts to write its row.
func (f *campaignFixture) ledgerLacks(failures int) {
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		if in.Number == 2 {
			return f.takeUnrecorded(ctx, in)
		}
		return f.take(ctx, in)
	}
	f.fake.recordCampaignBatch = func(ctx context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
		if failures--; failures >= 0 {
			return workflows.CampaignBatchResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		return f.record(ctx, in)
	}
}

// requireRecorded requires that the second batch, to u-101 … u-200, was recorded once.
func (f *campaignFixture) requireRecorded() {
	f.t.Helper()
	require.Len(f.t, f.recorded, 1)
	b := f.recorded[0]
	require.Equal(f.t, campaign.Batch{
		CampaignID: "c-1", Number: 2, After: "u-100", Last: "u-200", Size: 100, Rejected: 1,
		Receipt: message.Receipt{Provider: "mailgun"}, SentAt: b.SentAt,
	}, b)
	require.False(f.t, b.SentAt.IsZero())
}

// TestUnrecordedBatch parks until the ledger can be written: nothing is sent before, and the batch is not sent again.
func TestUnrecordedBatch(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.ledgerLacks(1)
	f.at(time.Minute, func() {
		require.Equal(t, campaign.StatusFailed, f.progress().Status)
		require.Equal(t, workflows.ReasonDatabaseUnavailable, f.progress().Reason)
		require.Contains(t, f.details(), "could not write a batch to the ledger")
		require.Len(t, f.batches, 2)
		require.Empty(t, f.recorded)
	})
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.completes()
	f.requireRecorded()
}

func TestLedgersRowOverridesTheSentBatch(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.ledgerLacks(0)
	f.fake.recordCampaignBatch = func(context.Context, workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
		return workflows.CampaignBatchResult{Size: 50, Last: "u-150", Sent: 50, Provider: "mailgun"}, nil
	}
	_, err := f.run()
	require.NoError(t, err)
	require.Equal(t, "u-150", f.batches[2].After)
	require.Equal(t, 99+50+99, f.progress().Sent)
}

// A campaign that ends before the ledger has a batch still records and counts it.
func TestEndedCampaignCountsWhatWasSent(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*campaignFixture){
		"cancelled while it waits for the ledger": func(f *campaignFixture) { f.at(time.Hour, f.env.CancelWorkflow) },
		"abandoned":           func(f *campaignFixture) { f.signalAt(time.Hour, workflows.SignalAbandon) },
		"waited for too long": func(*campaignFixture) {},
	} {
		for state, failures := range map[string]int{"the ledger is back": 1, "the ledger is away": 99} {
			t.Run(name+", "+state, func(t *testing.T) {
				t.Parallel()
				f := setupCampaign(t)
				f.ledgerLacks(failures)
				end(f)
				_, err := f.run()
				require.Error(t, err)
				p := f.progress()
				require.Equal(t, temporal.IsCanceledError(err), p.Status == campaign.StatusCancelled)
				require.Equal(t, []int{2, 198, 2}, []int{p.Batches, p.Sent, p.Rejected})
				f.requireOnce(p)
				if failures == 99 {
					require.Empty(t, f.recorded)
					require.Contains(t, f.details(), "the last batch was sent, but its row could not be written to the database")
					return
				}
				f.requireRecorded()
			})
		}
	}
}

// TestSentBatchesAreSkippedWithoutWaiting runs a campaign of which the ledger has all batches but the last five.
func TestSentBatchesAreSkippedWithoutWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent  time.Duration // before now
		takes time.Duration
	}{
		"sent long ago":         {time.Hour, 5 * time.Second},
		"sent just now":         {0, 6 * time.Second},
		"a clock that is ahead": {-time.Hour, 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			f.in.Rate = 10 // batches of 10, one a second
			f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
				out, err := f.take(ctx, in)
				if in.Number <= 20 {
					out.Provider, out.SentAt = "", campaignNow.Add(-c.sent)
				}
				return out, err
			}
			out := f.completes()
			require.Equal(t, 250, out.Sent+out.Rejected)
			require.InDelta(t, c.takes.Seconds(), f.env.Now().Sub(campaignNow).Seconds(), 0.1)
		})
	}
}
