package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// batchSize is the most recipients of a batch. By a slow rate, batches are small: about one a second.
func (c *campaign) batchSize() int {
	if c.in.Rate > 0 && c.in.Rate < float64(c.in.BatchSize) {
		return max(1, int(c.in.Rate))
	}
	return c.in.BatchSize
}

// waitForTurn waits until the rate allows the next batch and nobody has paused the campaign.
func (c *campaign) waitForTurn(ctx workflow.Context) error {
	for {
		if err := c.waitWhilePaused(ctx, CampaignRunning); err != nil {
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
		if err := c.sleep(ctx, wait, "keep to the rate"); err != nil {
			return err
		}
	}
}

// makeUp is how far the next batch may be behind its time: Temporal's timers are up to a second late.
const makeUp = 2 * time.Second

// spend sets when the next batch is due. Small delays are made up for, so that the average holds; time that a pause or an
// outage took is not: no T seconds see more than Rate·(T + makeUp) recipients and two batches.
//
// A batch that the ledger had already counts from when it was sent: the ledger of a campaign that was reset, or started
// again, is gone through without waiting, and the batch of which only the answer was lost is spent all the same.
func (c *campaign) spend(ctx workflow.Context, b CampaignBatchResult) {
	if c.in.Rate <= 0 {
		return
	}
	seconds := min(float64(b.Found)/c.in.Rate, mostBetween.Seconds())
	cost, now := time.Duration(seconds*float64(time.Second)), workflow.Now(ctx)
	if b.Provider == "" && !b.SentAt.IsZero() &&
		workflow.GetVersion(ctx, "spend-when-sent", workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		c.in.Due = later(c.in.Due, earlier(b.SentAt, now).Add(cost))
		return
	}
	c.in.Due = later(c.in.Due.Add(cost), now.Add(-makeUp))
}

// mostBetween bounds the time between two batches, whatever rate a client has come past the check with.
const mostBetween = 24 * time.Hour

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
