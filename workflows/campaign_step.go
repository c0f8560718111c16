package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// listenForSignals handles signals until the run ends.
func (c *campaign) listenForSignals(ctx workflow.Context) {
	on := func(name, description string, react func()) {
		onSignal(ctx, name, description, func(ctx workflow.Context, signals workflow.ReceiveChannel) {
			signals.Receive(ctx, nil)
			react()
		})
	}
	on(SignalPause, "pauses after the current batch", func() { c.paused = true })
	on(SignalResume, "continues after a pause", func() { c.paused = false })
	on(SignalRetry, "runs the failed step again", func() { c.retries++ })
	on(SignalAbandon, "ends a campaign with a failed step as failed, at once", func() { c.abandoned = c.abandoned || c.parked })
}

// executeUntilDone runs a step, and again after each parking, until it succeeds. An error means that the campaign was
// cancelled or that a parked step was abandoned or waited too long.
func executeUntilDone[I, O any](ctx workflow.Context, c *campaign, s step, a activity[I, O], in I) (O, error) {
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

// park waits for an operator after a step used up its budget. It returns nil on the signal retry, and an error if the
// campaign is cancelled, the step is abandoned, or the parking time is over.
func (c *campaign) park(ctx workflow.Context, s step, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	before, seen := c.progress.Status, c.retries
	fallback := ReasonDatabaseUnavailable
	if s == stepBatch {
		fallback = ReasonEmailUnavailable
	}
	c.parked, c.last = true, lastTry(cause)
	c.progress.Status, c.progress.Reason = CampaignFailed, reasonOf(cause, fallback)
	c.addDetail(ctx, "could not "+string(s)+": "+string(c.progress.Reason)+c.last.String())
	if err := c.publish(ctx); err != nil {
		return err
	}
	parking := workflow.AwaitOptions{
		Timeout: c.in.ParkingTime, TimerOptions: workflow.TimerOptions{Summary: "wait for an operator: " + string(s)},
	}
	woken, err := workflow.AwaitWithOptions(ctx, parking, func() bool { return c.retries > seen || c.abandoned })
	c.parked = false
	switch {
	case err != nil:
		return err
	case !woken || c.abandoned:
		return temporal.NewNonRetryableApplicationError("could not "+string(s), string(c.progress.Reason), nil)
	}
	c.progress.Status, c.progress.Reason = before, ""
	c.in.Due = later(c.in.Due, workflow.Now(ctx))
	c.addDetail(ctx, "retry by an operator: "+string(s))
	return c.publish(ctx)
}

// recordBatch writes a batch that a provider took to the ledger, after the sending activity could not, and returns the
// ledger's row. Its error is that of executeUntilDone. Before it returns an error, it tries once more, because nothing
// writes the row later.
func (c *campaign) recordBatch(ctx workflow.Context, sent CampaignBatchResult) (CampaignBatchResult, error) {
	row := RecordBatchInput{Batch: *sent.Unrecorded}
	out, final := executeUntilDone(ctx, c, stepRecordBatch, Activities.RecordCampaignBatch, row)
	if final == nil {
		return out, nil
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	out, err := execute(ctx, Budgets{Store: min(finalWriteTimeout, c.in.Budget)}, string(stepRecordBatch), Activities.RecordCampaignBatch, row)
	if err != nil {
		c.addDetail(ctx, "the last batch was sent, but its row could not be written to the database")
		return sent, final
	}
	return out, final
}

// takenBatch returns the batch that an activity of the release of the v3 histories could not write to the ledger, or nil.
// That release failed the activity with the row in the error, and passed the row to the next activity. Campaigns that it
// left parked continue here. Delete this, with campaign.taken and CampaignBatchInput.Taken, when testdata no longer has
// those histories.
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

// setStatus sets the campaign's status in the workflow, its search attributes and the database.
func (c *campaign) setStatus(ctx workflow.Context, to CampaignStatus, line string) error {
	c.progress.Status = to
	c.addDetail(ctx, line)
	if err := c.publish(ctx); err != nil {
		return err
	}
	_, err := executeUntilDone(ctx, c, stepSetStatus, Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.CampaignID, Status: to, EndedAt: c.endedAt})
	return err
}

// finalWriteTimeout bounds the last write of a failed campaign to the database, which may be the cause of the failure.
const finalWriteTimeout = time.Minute

func (c *campaign) abandon(ctx workflow.Context) {
	c.progress.EndedAt = c.endedAt
	c.addDetail(ctx, "the campaign has failed")
	_, err := execute(ctx, Budgets{Store: min(finalWriteTimeout, c.in.Budget)}, string(stepSetStatus), Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.CampaignID, Status: CampaignFailed, EndedAt: c.endedAt})
	if err != nil {
		c.addDetail(ctx, "the status could not be written to the database")
	}
}
