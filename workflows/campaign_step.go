package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// listen reacts to signals for as long as the run lasts.
func (c *campaign) listen(ctx workflow.Context) {
	on := func(name, description string, react func()) {
		onSignal(ctx, name, description, func(ctx workflow.Context, signals workflow.ReceiveChannel) {
			signals.Receive(ctx, nil)
			react()
		})
	}
	on(SignalPause, "stops after the batch that is being sent", func() { c.paused = true })
	on(SignalResume, "goes on", func() { c.paused = false })
	on(SignalRetry, "runs the failed step again", func() { c.retries++ })
	on(SignalAbandon, "ends a campaign with a failed step as failed, at once", func() { c.abandoned = c.abandoned || c.parked })
}

// insist runs a step until it succeeds. Its error is final: the campaign was cancelled or given up.
func insist[I, O any](ctx workflow.Context, c *campaign, s step, a activity[I, O], in I) (O, error) {
	for {
		out, err := execute(ctx, Budgets{Store: c.in.Budget}, string(s), a, in)
		if err == nil {
			return out, nil
		}
		if err := c.park(ctx, s, err); err != nil {
			return out, err
		}
	}
}

// park waits for an operator after a step used up its budget: it returns nil on the retry signal, and an error when the
// campaign is cancelled or given up.
func (c *campaign) park(ctx workflow.Context, s step, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	before, seen := c.progress.Status, c.retries
	silence := ReasonDatabaseUnavailable
	if s == stepBatch {
		silence = ReasonEmailUnavailable
	}
	c.parked, c.last = true, lastTry(cause)
	c.progress.Status, c.progress.Reason = CampaignFailed, reasonOf(cause, silence)
	c.tell(ctx, "could not "+string(s)+": "+string(c.progress.Reason)+c.last.String())
	if err := c.publish(ctx); err != nil {
		return err
	}
	patience := workflow.AwaitOptions{
		Timeout: c.in.ParkingTime, TimerOptions: workflow.TimerOptions{Summary: "wait for an operator: " + string(s)},
	}
	woken, err := workflow.AwaitWithOptions(ctx, patience, func() bool { return c.retries > seen || c.abandoned })
	c.parked = false
	switch {
	case err != nil:
		return err
	case !woken || c.abandoned:
		return temporal.NewNonRetryableApplicationError("could not "+string(s), string(c.progress.Reason), nil)
	}
	c.progress.Status, c.progress.Reason = before, ""
	c.in.Due = later(c.in.Due, workflow.Now(ctx))
	c.tell(ctx, "retry by an operator: "+string(s))
	return c.publish(ctx)
}

// recordBatch writes down a batch that a provider took when the ledger could not be written, and returns what the ledger
// then has. Its error is final, as that of insist; then it has been tried once more, since nobody will come back to it.
func (c *campaign) recordBatch(ctx workflow.Context, sent CampaignBatchResult) (CampaignBatchResult, error) {
	row := RecordBatchInput{Batch: *sent.Unrecorded}
	out, final := insist(ctx, c, stepRecordBatch, Activities.RecordCampaignBatch, row)
	if final == nil {
		return out, nil
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	out, err := execute(ctx, Budgets{Store: min(lastWord, c.in.Budget)}, string(stepRecordBatch), Activities.RecordCampaignBatch, row)
	if err != nil {
		c.tell(ctx, "the last batch was sent, and the database does not know that")
		return sent, final
	}
	return out, final
}

// takenBatch is the batch that an activity of the release of the v3 histories could not write to the ledger, or nil: that
// release failed the activity, with the row in the error, and gave it to the next activity. Campaigns that it left parked
// go on here. Delete this, with campaign.taken and CampaignBatchInput.Taken, when those histories go from testdata.
func takenBatch(err error) *message.CampaignBatch {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || !app.HasDetails() {
		return nil
	}
	var (
		try   Try
		taken message.CampaignBatch
	)
	if app.Details(&try, &taken) != nil || taken.Number == 0 {
		return nil
	}
	return &taken
}

// move brings the campaign to a status, and tells everybody.
func (c *campaign) move(ctx workflow.Context, to CampaignStatus, line string) error {
	c.progress.Status = to
	c.tell(ctx, line)
	if err := c.publish(ctx); err != nil {
		return err
	}
	_, err := insist(ctx, c, stepSetStatus, Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.CampaignID, Status: to, EndedAt: c.endedAt})
	return err
}

// lastWord is how long a campaign that is given up tries to tell the database: that may be what it failed of.
const lastWord = time.Minute

func (c *campaign) giveUp(ctx workflow.Context) {
	c.progress.EndedAt = c.endedAt
	c.tell(ctx, "given up")
	_, err := execute(ctx, Budgets{Store: min(lastWord, c.in.Budget)}, string(stepSetStatus), Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.CampaignID, Status: CampaignFailed, EndedAt: c.endedAt})
	if err != nil {
		c.tell(ctx, "the database does not know that")
	}
}
