package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/campaign"
)

// batchSize is the maximum number of recipients of a batch. At a low rate, batches are small, so that about one batch per
// second is sent.
func (c *campaignRun) batchSize() int {
	if c.in.Rate > 0 && c.in.Rate < float64(c.in.BatchSize) {
		return max(1, int(c.in.Rate))
	}
	return c.in.BatchSize
}

// waitForRate waits until the rate allows the next batch, and while the campaign is paused.
func (c *campaignRun) waitForRate(ctx workflow.Context) error {
	for {
		if err := c.waitWhilePaused(ctx, campaign.StatusRunning); err != nil {
			return err
		}
		now := workflow.Now(ctx)
		if c.in.Due.IsZero() {
			c.in.Due = now
		}
		wait := c.in.Due.Sub(now)
		if wait <= 0 {
			return nil
		}
		if err := c.sleep(ctx, wait, "wait for the rate limit"); err != nil {
			return err
		}
	}
}

// maxLag is the maximum delay that later batches make up for. Temporal's timers are up to a second late.
const maxLag = 2 * time.Second

// scheduleNext sets when the next batch is due. Later batches make up for small delays, so that the average rate is
// kept, but not for a pause or an outage: any T seconds have at most Rate·(T + maxLag) recipients plus two batches.
//
// A batch that the ledger already had counts from the time when it was sent. So a campaign that was reset or started again
// does not wait for batches that were sent long ago, but does wait after a batch whose answer was lost just now.
func (c *campaignRun) scheduleNext(ctx workflow.Context, b CampaignBatchResult) {
	if c.in.Rate <= 0 {
		return
	}
	seconds := min(float64(b.Size)/c.in.Rate, maxInterval.Seconds())
	cost, now := time.Duration(seconds*float64(time.Second)), workflow.Now(ctx)
	if b.Provider == "" {
		c.in.Due = later(c.in.Due, earlier(b.SentAt, now).Add(cost))
		return
	}
	c.in.Due = later(c.in.Due.Add(cost), now.Add(-maxLag))
}

// restartRate keeps later batches from making up for the time until now, such as that of a pause.
func (c *campaignRun) restartRate(ctx workflow.Context) {
	c.in.Due = later(c.in.Due, workflow.Now(ctx))
}

// maxInterval bounds the time between two batches, even for an invalid rate.
const maxInterval = 24 * time.Hour

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
