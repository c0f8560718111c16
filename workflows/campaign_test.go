package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/campaign"
	"registrar/workflows"
)

func TestCampaignWaitsForItsSchedule(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.in.ScheduleAt = campaignNow.Add(2 * time.Hour)
	f.at(time.Hour, func() { require.Equal(t, campaign.StatusScheduled, f.progress().Status) })
	out := f.completes()
	require.Equal(t, f.in.ScheduleAt, out.StartedAt)
	require.Equal(t, f.in.ScheduleAt, f.batches[0].at.UTC())
}

func TestCampaignPausedWhileScheduled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ resume, start time.Duration }{
		"resumed before its time": {90 * time.Minute, 2 * time.Hour},
		"resumed after its time":  {5 * time.Hour, 5 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			f.in.ScheduleAt = campaignNow.Add(2 * time.Hour)
			f.signalAt(time.Hour, workflows.SignalPause)
			f.at(time.Hour+time.Minute, func() { require.Equal(t, campaign.StatusPaused, f.progress().Status) })
			f.signalAt(c.resume, workflows.SignalResume)
			require.Equal(t, campaignNow.Add(c.start), f.completes().StartedAt.UTC())
			require.Equal(t, campaign.StatusPaused, f.statuses[0].Status)
			require.Equal(t, campaign.StatusScheduled, f.statuses[1].Status)
		})
	}
}

func TestCampaignIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.in.Rate = 10 // batches of 10, one a second
	f.signalAt(3500*time.Millisecond, workflows.SignalPause)
	f.at(time.Hour, func() {
		require.Equal(t, campaign.StatusPaused, f.progress().Status)
		require.Equal(t, 4, f.progress().Batches)
		require.Contains(t, f.details(), "paused by an operator")
	})
	f.signalAt(2*time.Hour, workflows.SignalPause)
	f.signalAt(3*time.Hour, workflows.SignalResume)
	f.completes()
	require.Equal(t, campaignNow.Add(3*time.Hour+500*time.Millisecond), f.batches[4].at.UTC().Add(500*time.Millisecond))
	f.requireRate(10, 10)
	require.Equal(t, []string{"running", "paused", "running", "completed"}, f.attributes[len(f.attributes)-4:])
}

// TestPauseLetsTheBatchEnd pauses while a batch is on its way.
func TestPauseLetsTheBatchEnd(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		if in.Number == 2 {
			f.env.SignalWorkflow(workflows.SignalPause, nil)
		}
		return f.take(ctx, in)
	}
	f.at(time.Hour, func() { require.Equal(t, 2, f.progress().Batches) })
	f.signalAt(2*time.Hour, workflows.SignalResume)
	f.completes()
}

// requireRate requires that no span of time has more recipients than the rate allows in 2 s more, and two batches.
func (f *campaignFixture) requireRate(rate float64, size int) {
	f.t.Helper()
	for i := range f.batches {
		total := 0
		for _, b := range f.batches[i:] {
			total += b.found
			span := b.at.Sub(f.batches[i].at)
			require.LessOrEqual(f.t, float64(total), rate*(span.Seconds()+2)+2*float64(size)+0.001, "%d %s", i, span)
		}
	}
}

func TestCampaignKeepsItsRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate  float64
		size  int
		takes time.Duration // the last batch goes out then
	}{
		"slow":    {0.5, 1, 2 * 19 * time.Second},
		"even":    {5, 5, 3 * time.Second},
		"broken":  {7.5, 7, 7 * 2 * time.Second / 75 * 10},
		"fast":    {1e6, 20, 0},
		"bounded": {40, 20, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			f.recipients, f.in.Rate, f.in.BatchSize = 20, c.rate, 20
			f.completes()
			require.Equal(t, c.size, f.batches[0].Size)
			last := f.batches[len(f.batches)-1].at.Sub(f.batches[0].at)
			require.InDelta(t, c.takes.Seconds(), last.Seconds(), 0.01)
			f.requireRate(c.rate, c.size)
		})
	}
}

// TestNoBurstAfterAnOutage makes one batch take an hour.
func TestNoBurstAfterAnOutage(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.in.Rate = 10
	f.failing(5, 1, temporal.NewApplicationErrorWithOptions("away", string(workflows.ReasonEmailUnavailable),
		temporal.ApplicationErrorOptions{NextRetryDelay: 50 * time.Minute}))
	f.completes()
	f.requireRate(10, 10)
}

func TestCampaignIsCancelled(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]struct {
		age     time.Duration
		batches int
		change  func(*campaignFixture)
	}{
		"scheduled":   {time.Minute, 0, func(f *campaignFixture) { f.in.ScheduleAt = campaignNow.Add(time.Hour) }},
		"by the rate": {2500 * time.Millisecond, 3, func(f *campaignFixture) { f.in.Rate = 10 }},
		"paused":      {time.Hour, 3, func(f *campaignFixture) { f.in.Rate = 10; f.signalAt(2500*time.Millisecond, workflows.SignalPause) }},
		"parked":      {time.Hour, 1, func(f *campaignFixture) { f.failing(2, 1, failure(workflows.ReasonEmailMisconfigured)) }},
		"being tried": {30 * time.Minute, 1, func(f *campaignFixture) { f.failing(2, 99, errorOf(workflows.ReasonEmailUnavailable)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			when.change(f)
			f.at(when.age, f.env.CancelWorkflow)
			_, err := f.run()
			require.True(t, temporal.IsCanceledError(err), "%v", err)
			p := f.progress()
			require.Equal(t, campaign.StatusCancelled, p.Status)
			require.Empty(t, p.Reason)
			require.Equal(t, when.batches, p.Batches)
			f.requireOnce(p)
			last := f.statuses[len(f.statuses)-1]
			require.Equal(t, workflows.CampaignStatusInput{CampaignID: "c-1", Status: campaign.StatusCancelled, EndedAt: p.EndedAt}, last)
			require.Equal(t, "cancelled", f.attributes[len(f.attributes)-1])
		})
	}
}

func TestCampaignParksAndIsRetried(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.failing(2, 1, failure(workflows.ReasonEmailMisconfigured))
	f.signalAt(0, workflows.SignalRetry) // not remembered
	f.at(time.Hour, func() {
		p := f.progress()
		require.Equal(t, campaign.StatusFailed, p.Status)
		require.Equal(t, workflows.ReasonEmailMisconfigured, p.Reason)
		require.Contains(t, f.details(), "Correct the account at the email provider")
	})
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	require.Empty(t, f.completes().Reason)
	require.Equal(t, []string{"running", "failed email_misconfigured", "running", "completed"}, f.attributes[len(f.attributes)-4:])
}

// TestPausedCampaignIsNotRetried pauses a parked campaign: the retry waits for the end of the pause.
func TestPausedCampaignIsNotRetried(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.failing(2, 1, failure(workflows.ReasonEmailMisconfigured))
	f.signalAt(time.Hour, workflows.SignalPause)
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.at(3*time.Hour, func() {
		require.Equal(t, campaign.StatusPaused, f.progress().Status)
		require.Equal(t, 1, f.progress().Batches)
	})
	f.signalAt(4*time.Hour, workflows.SignalResume)
	f.completes()
}

func TestCampaignFails(t *testing.T) {
	t.Parallel()
	for name, abandoned := range map[string]bool{"abandoned": true, "parked for too long": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			f.failing(2, 99, failure(workflows.ReasonEmailRejected))
			f.signalAt(0, workflows.SignalAbandon) // not remembered
			if abandoned {
				f.signalAt(time.Hour, workflows.SignalAbandon)
			}
			_, err := f.run()
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(workflows.ReasonEmailRejected), app.Type())
			p := f.progress()
			require.Equal(t, campaign.StatusFailed, p.Status)
			want := campaignNow.Add(24 * time.Hour)
			if abandoned {
				want = campaignNow.Add(time.Hour)
			}
			require.WithinDuration(t, want, p.EndedAt, time.Second)
			require.Equal(t, workflows.CampaignStatusInput{CampaignID: "c-1", Status: campaign.StatusFailed, EndedAt: p.EndedAt},
				f.statuses[len(f.statuses)-1])
		})
	}
}

// A campaign ends only after its status is in the database.
func TestCampaignEndWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	write, fails := f.fake.setCampaignStatus, true
	f.fake.setCampaignStatus = func(ctx context.Context, in workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error) {
		if fails {
			return workflows.CampaignStatusResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		return write(ctx, in)
	}
	f.at(time.Hour, func() {
		require.Equal(t, campaign.StatusFailed, f.progress().Status)
		require.Zero(t, f.progress().EndedAt)
		require.Contains(t, f.details(), "Then send the signal `retry`")
		fails = false
	})
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	out := f.completes()
	require.Equal(t, f.statuses[0].EndedAt, out.EndedAt)
	require.WithinDuration(t, campaignNow, out.EndedAt, time.Minute, "it ended with its last batch")
}

func TestCampaignContinuesInNewRuns(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.recipients, f.in.BatchSize, f.in.Rate = 700, 1, 2
	out := f.completes()
	require.Equal(t, 700, out.Batches)
	require.Equal(t, 700, out.Recipients)
	f.requireRate(2, 1)
	require.InDelta(t, 349.5, f.batches[699].at.Sub(f.batches[0].at).Seconds(), 2)
}

func TestCampaignContinuesInANewRunWhenSuggested(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.env.SetContinueAsNewSuggested(true)
	_, err := f.run()
	f.next(err)
	require.Len(t, f.batches, 1)
	f.completes()
}

// Signals alone can make the history of a waiting campaign long.
func TestCampaignContinuesInANewRunWhileItWaits(t *testing.T) {
	t.Parallel()
	scheduled := func(f *campaignFixture) { f.in.ScheduleAt = campaignNow.Add(4 * time.Hour) }
	paused := func(f *campaignFixture) { f.signalAt(30*time.Minute, workflows.SignalPause) }
	slow := func(f *campaignFixture) { f.in.Rate, f.recipients = 0.0001, 2 }
	for name, c := range map[string]struct {
		change []func(*campaignFixture)
		status campaign.Status
	}{
		"scheduled":            {[]func(*campaignFixture){scheduled}, campaign.StatusScheduled},
		"scheduled and paused": {[]func(*campaignFixture){scheduled, paused}, campaign.StatusPaused},
		"paused":               {[]func(*campaignFixture){slow, paused}, campaign.StatusPaused},
		"by the rate":          {[]func(*campaignFixture){slow}, campaign.StatusRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t)
			for _, change := range c.change {
				change(f)
			}
			f.at(time.Hour, func() { f.env.SetContinueAsNewSuggested(true) })
			f.signalAt(time.Hour, workflows.SignalRetry) // the first event after
			_, err := f.run()
			require.WithinDuration(t, campaignNow.Add(time.Hour), f.env.Now(), time.Second)
			f.next(err)
			f.at(time.Minute, func() { require.Equal(t, c.status, f.progress().Status) })
			f.signalAt(time.Hour, workflows.SignalResume)
			out := f.completes()
			require.False(t, out.StartedAt.Before(f.in.ScheduleAt))
			require.False(t, f.batches[0].at.Before(f.in.ScheduleAt))
		})
	}
}

// TestPauseContinuesInTheNextRun pauses in the same workflow task that begins a new run.
func TestPauseContinuesInTheNextRun(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.env.SetContinueAsNewSuggested(true)
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		if in.Number == 1 {
			f.env.SignalWorkflow(workflows.SignalPause, nil)
		}
		return f.take(ctx, in)
	}
	_, err := f.run()
	f.next(err)
	require.Equal(t, campaign.StatusPaused, f.in.Progress.Status)
	f.at(time.Hour, func() {
		require.Equal(t, campaign.StatusPaused, f.progress().Status)
		require.Len(t, f.batches, 1)
	})
	f.signalAt(2*time.Hour, workflows.SignalResume)
	f.completes()
}

func TestCampaignAttributes(t *testing.T) {
	t.Parallel()
	status, ok := workflows.CampaignAttributes(campaign.StatusScheduled).GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributeCampaignStatus))
	require.True(t, ok)
	require.Equal(t, "scheduled", status)
	require.Equal(t, "campaign-c-1", workflows.CampaignWorkflowID("c-1"))
}

// details returns the current details in the Web UI.
func (f *campaignFixture) details() string {
	f.t.Helper()
	value, err := f.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(f.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(f.t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}
