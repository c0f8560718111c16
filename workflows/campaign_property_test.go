package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"registrar/internal/campaign"
	"registrar/workflows"
)

// TestRandomEventsInACampaign lets batches fail, be taken in part or be taken without the ledger, and operators act at
// random: each recipient gets the email once, the rate holds, and the progress is right.
func TestRandomEventsInACampaign(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := setupCampaign(t)
		f.recipients = rapid.IntRange(0, 60).Draw(t, "recipients")
		f.in.BatchSize = rapid.IntRange(1, 20).Draw(t, "batch size")
		f.in.Rate = rapid.SampledFrom([]float64{0, 0.3, 1, 7.7, 1000}).Draw(t, "rate")
		f.in.ScheduleAt = campaignNow.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "scheduled")) * time.Minute)
		f.drawBatches(t)
		out, err := f.runUnder(t)
		f.requireOnce(out)
		if f.in.Rate > 0 {
			f.requireRate(f.in.Rate, min(f.in.BatchSize, max(1, int(f.in.Rate))))
		}
		switch {
		case err == nil:
			require.Equal(t, campaign.StatusCompleted, out.Status)
		case temporal.IsCanceledError(err):
			require.Equal(t, campaign.StatusCancelled, out.Status)
		default:
			require.Equal(t, campaign.StatusFailed, out.Status)
		}
		require.False(t, out.EndedAt.IsZero())
		require.Equal(t, out.Status, f.statuses[len(f.statuses)-1].Status)
	})
}

func (f *campaignFixture) drawBatches(t *rapid.T) {
	outcomes := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 8).Draw(t, "outcomes")
	n := 0
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		n++
		switch outcomes[n%len(outcomes)] {
		case 0:
			return workflows.CampaignBatchResult{}, failure(workflows.ReasonEmailMisconfigured)
		case 1:
			return workflows.CampaignBatchResult{}, errorOf(workflows.ReasonEmailUnavailable)
		case 2:
			in.Size = 1 + in.Size/2 // taken in part
		case 3:
			return f.takeUnrecorded(ctx, in)
		}
		return f.take(ctx, in)
	}
	away := 0
	f.fake.recordCampaignBatch = func(ctx context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
		if away++; outcomes[away%len(outcomes)] < 3 {
			return workflows.CampaignBatchResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		return f.record(ctx, in)
	}
}

// runUnder runs the campaign under what operators do, over as many runs as it takes.
func (f *campaignFixture) runUnder(t *rapid.T) (workflows.CampaignProgress, error) {
	events := rapid.IntRange(0, 8).Draw(t, "events")
	for {
		f.env.SetTestTimeout(time.Minute)
		if rapid.IntRange(0, 3).Draw(t, "long") == 0 {
			f.env.SetContinueAsNewSuggested(true)
		}
		for range events {
			age := time.Duration(rapid.IntRange(0, 300_000).Draw(t, "age")) * time.Millisecond
			switch rapid.IntRange(0, 11).Draw(t, "event") {
			case 0:
				f.at(age, f.env.CancelWorkflow)
			case 1:
				f.signalAt(age, workflows.SignalAbandon)
			case 2, 3, 4:
				f.signalAt(age, workflows.SignalRetry)
			case 5, 6, 7:
				f.signalAt(age, workflows.SignalPause)
			default:
				f.signalAt(age, workflows.SignalResume)
			}
		}
		for hours := range 100 { // an operator repairs it in the end
			f.signalAt(time.Duration(1+hours)*time.Hour, workflows.SignalResume)
			f.signalAt(time.Duration(1+hours)*time.Hour, workflows.SignalRetry)
		}
		_, err := f.run()
		if !workflow.IsContinueAsNewError(err) {
			return f.progress(), err
		}
		f.next(err)
	}
}
