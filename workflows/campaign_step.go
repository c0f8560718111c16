package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/campaign"
)

// listenForSignals handles signals until the run ends.
func (c *campaignRun) listenForSignals(ctx workflow.Context) {
	handleSignals(ctx, append([]signalHandler{
		onPlainSignal(SignalPause, "pauses after the current batch", func() { c.paused = true }),
		onPlainSignal(SignalResume, "continues after a pause", func() { c.paused = false }),
	}, c.operatorSignals()...)...)
}

// executeUntilDone runs a step, and again after each parking, until it succeeds. An error means that the campaign was
// cancelled or that a parked step was abandoned or waited too long.
func executeUntilDone[I, O any](ctx workflow.Context, c *campaignRun, a activity[I, O], in I) (out O, err error) {
	err = c.runStep(ctx, a.step(), func(ctx workflow.Context) (err error) {
		out, err = execute(ctx, c.budgets, a.step().action(), a, in)
		return err
	})
	c.restartRate(ctx)
	return out, err
}

// parkBatch parks the batch that used up its budget. After a retry, the batch is sent as soon as the campaign is not paused.
func (c *campaignRun) parkBatch(ctx workflow.Context, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.batchFailure.addAttempts(cause)
	err := c.park(ctx, stepBatch, &c.batchFailure, cause)
	c.restartRate(ctx)
	return err
}

// recordBatch writes a batch that a provider accepted to the ledger, after the sending activity could not, and returns the
// ledger's row. Its error is that of executeUntilDone. Before it returns an error, it makes one more attempt, because nothing
// writes the row later.
func (c *campaignRun) recordBatch(ctx workflow.Context, sent CampaignBatchResult) (CampaignBatchResult, error) {
	row := RecordBatchInput{Batch: *sent.Unrecorded}
	out, final := executeUntilDone(ctx, c, Activities.RecordCampaignBatch, row)
	if final == nil {
		return out, nil
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	out, err := execute(ctx, Budgets{Store: min(finalWriteTimeout, c.in.Budget)}, stepRecordBatch.action(), Activities.RecordCampaignBatch, row)
	if err != nil {
		c.addDetail(ctx, "the last batch was sent, but its row could not be written to the database")
		return sent, final
	}
	return out, final
}

// setStatus sets the campaign's status in the workflow, its search attributes and the database.
func (c *campaignRun) setStatus(ctx workflow.Context, to campaign.Status, line string) error {
	c.progress.Status = to
	c.addDetail(ctx, line)
	if err := c.publish(ctx); err != nil {
		return err
	}
	_, err := executeUntilDone(ctx, c, Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.ID, Status: to, EndedAt: c.endedAt})
	return err
}

// finalWriteTimeout bounds the last write of a failed campaign to the database, which may be the cause of the failure.
const finalWriteTimeout = time.Minute

// fail shows that the campaign has failed, and writes it to the database once.
func (c *campaignRun) fail(ctx workflow.Context) {
	c.progress.EndedAt, c.ended = c.endedAt, true
	c.addDetail(ctx, "the campaign has failed")
	_, err := execute(ctx, Budgets{Store: min(finalWriteTimeout, c.in.Budget)}, stepSetStatus.action(), Activities.SetCampaignStatus,
		CampaignStatusInput{CampaignID: c.in.ID, Status: campaign.StatusFailed, EndedAt: c.endedAt})
	if err != nil {
		c.addDetail(ctx, "the status could not be written to the database")
	}
}
