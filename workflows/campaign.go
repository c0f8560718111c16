package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/campaign"
	"registrar/internal/message"
)

// batchesPerRun bounds a run's history: a batch takes up to 21 events, and Temporal warns at 10,240.
const batchesPerRun = 250

// CampaignWorkflow sends an email to all users who consented, batch after batch:
//
//	store ─▶ wait for ScheduleAt ─▶ count ─▶ (wait for the rate ─▶ send a batch)* ─▶ completed
//
// It sends one batch at a time. A step that used up its budget parks, as in RegistrationWorkflow. The workflow fails only if
// a parked step is abandoned or waits longer than CampaignInput.ParkingTime. If it is started again with the same id, it
// continues after the last batch in the ledger.
func CampaignWorkflow(ctx workflow.Context, in CampaignInput) (CampaignProgress, error) {
	if err := checkID(ctx, CampaignWorkflowID(in.ID)); err != nil {
		return CampaignProgress{}, err
	}
	c := newCampaign(ctx, in)
	progress := func() (CampaignProgress, error) { return c.state(), nil }
	options := workflow.QueryHandlerOptions{Description: "status and progress of the campaign"}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryProgress, progress, options); err != nil {
		return CampaignProgress{}, err
	}
	c.listenForSignals(ctx)
	err := c.close(ctx, c.run(ctx))
	return c.state(), err
}

// campaignRun is the state of one run. The coroutines of a workflow never run in parallel, so no lock is needed.
type campaignRun struct {
	stepRunner
	in           CampaignInput
	progress     CampaignProgress // its status is never failed; a failed step is in parked
	batches      int              // in this run
	batchFailure stepFailure      // of the next batch

	endedAt time.Time // set before it is written to the database; progress has it afterwards
	paused  bool      // by an operator
}

func newCampaign(ctx workflow.Context, in CampaignInput) *campaignRun {
	defaults := DefaultPolicy()
	in.Budget = cmp.Or(in.Budget, defaults.Budgets.WelcomeEmail)
	in.BatchSize = min(cmp.Or(max(in.BatchSize, 0), message.MaxBatch), message.MaxBatch)
	c := &campaignRun{in: in, progress: in.Progress, paused: in.Progress.Status == campaign.StatusPaused}
	if c.progress.Status == "" {
		c.progress.Status = campaign.StatusRunning
		if in.ScheduleAt.After(workflow.Now(ctx)) {
			c.progress.Status = campaign.StatusScheduled
		}
	}
	budgets := Budgets{Store: in.Budget, Campaign: in.Budget}
	c.stepRunner = newStepRunner(c, budgets, cmp.Or(in.ParkingTime, defaults.ParkingTime), inherited(ctx))
	return c
}

// run runs the steps in order. Its error is that of continue-as-new, or the reason why the campaign ended early.
func (c *campaignRun) run(ctx workflow.Context) error {
	if c.progress.StartedAt.IsZero() {
		if err := c.start(ctx); err != nil {
			return err
		}
	} else {
		c.addDetail(ctx, "continues in a new run")
	}
	for {
		if err := c.waitForRate(ctx); err != nil {
			return err
		}
		more, err := c.sendBatch(ctx)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		if c.historyIsLong(ctx) {
			return c.continueAsNew(ctx)
		}
	}
}

// historyIsLong reports whether the campaign must continue in a new run. Signals also make a history long.
func (c *campaignRun) historyIsLong(ctx workflow.Context) bool {
	return c.batches >= batchesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// start stores the campaign, waits for its scheduled time and fixes its recipients.
func (c *campaignRun) start(ctx workflow.Context) error {
	if c.in.Content == (campaign.Content{}) {
		return temporal.NewNonRetryableApplicationError("the campaign has no content", string(ReasonInternal), nil)
	}
	_, err := executeUntilDone(ctx, c, Activities.StoreCampaign, StoreCampaignInput{Campaign: c.in.Campaign})
	if err != nil {
		return err
	}
	if err := c.waitForSchedule(ctx); err != nil {
		return err
	}
	out, err := executeUntilDone(ctx, c, Activities.StartCampaign,
		StartCampaignInput{CampaignID: c.in.ID, At: workflow.Now(ctx)})
	if err != nil {
		return err
	}
	c.progress.StartedAt, c.progress.Recipients = out.StartedAt, out.Recipients
	c.progress.Status = campaign.StatusRunning
	c.addDetail(ctx, fmt.Sprintf("started: %d recipients", out.Recipients))
	return c.publish(ctx)
}

// waitForSchedule waits for the scheduled time, and while the campaign is paused.
func (c *campaignRun) waitForSchedule(ctx workflow.Context) error {
	status := c.progress.Status
	if status == campaign.StatusPaused { // in the previous run
		status = campaign.StatusScheduled
	}
	if status == campaign.StatusScheduled {
		c.addDetail(ctx, "scheduled for "+c.in.ScheduleAt.UTC().Format(time.DateTime)+" UTC")
		if err := c.publish(ctx); err != nil {
			return err
		}
	}
	for {
		if err := c.waitWhilePaused(ctx, status); err != nil {
			return err
		}
		wait := c.in.ScheduleAt.Sub(workflow.Now(ctx))
		if wait <= 0 {
			return nil
		}
		if err := c.sleep(ctx, wait, "wait for the scheduled time"); err != nil {
			return err
		}
	}
}

// sleep waits for d, or until an operator pauses the campaign. Its error may be that of continue-as-new.
func (c *campaignRun) sleep(ctx workflow.Context, d time.Duration, summary string) error {
	options := workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: summary}}
	_, err := workflow.AwaitWithOptions(ctx, options, func() bool { return c.paused || c.historyIsLong(ctx) })
	if err == nil && c.historyIsLong(ctx) {
		return c.continueAsNew(ctx)
	}
	return err
}

// waitWhilePaused waits until the campaign is not paused. Then its status is then. Its error may be that of
// continue-as-new.
func (c *campaignRun) waitWhilePaused(ctx workflow.Context, then campaign.Status) error {
	drainSignals(ctx)
	for c.paused {
		if err := c.setStatus(ctx, campaign.StatusPaused, "paused by an operator"); err != nil {
			return err
		}
		if err := workflow.Await(ctx, func() bool { return !c.paused || c.historyIsLong(ctx) }); err != nil {
			return err
		}
		if c.paused {
			return c.continueAsNew(ctx)
		}
		if err := c.setStatus(ctx, then, "resumed by an operator"); err != nil {
			return err
		}
		c.restartRate(ctx)
		drainSignals(ctx)
	}
	return ctx.Err()
}

// sendBatch sends the next batch and writes its row to the ledger. It returns false if no recipient was left. A sent batch
// is counted even if its row cannot be written.
func (c *campaignRun) sendBatch(ctx workflow.Context) (bool, error) {
	number := c.progress.Batches + 1
	out, err := execute(ctx, c.budgets, fmt.Sprintf("send batch %d", number), Activities.SendCampaignBatch,
		CampaignBatchInput{CampaignID: c.in.ID, Number: number, After: c.in.After, Size: c.batchSize()})
	if err != nil {
		return true, c.parkBatch(ctx, err)
	}
	reportRecovery(ctx, stepBatch, c.batchFailure)
	c.batchFailure = stepFailure{}
	if out.Size == 0 {
		return false, nil
	}
	if out.Unrecorded != nil {
		out, err = c.recordBatch(ctx, out)
	}
	c.addBatch(ctx, number, out)
	return true, err
}

func (c *campaignRun) addBatch(ctx workflow.Context, number int, b CampaignBatchResult) {
	c.batches++
	c.in.After = b.Last
	c.progress.Batches = number
	c.progress.Sent += b.Sent
	c.progress.Rejected += b.Rejected
	c.scheduleNext(ctx, b)
	c.addDetail(ctx, fmt.Sprintf("batch %d: %d sent%s", number, b.Sent, providerText(b.Provider)))
}

func providerText(provider string) string {
	if provider == "" {
		return " earlier"
	}
	return " through " + provider
}

// continueAsNew continues the campaign in a new run with an empty history.
func (c *campaignRun) continueAsNew(ctx workflow.Context) error {
	drainSignals(ctx) // the next run does not get the signals of this one
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := c.in
	if !c.progress.StartedAt.IsZero() {
		next.Content = campaign.Content{}
	}
	next.Progress = c.progress
	if c.paused {
		next.Progress.Status = campaign.StatusPaused
	}
	return workflow.NewContinueAsNewError(ctx, CampaignWorkflowType, next)
}

// drainSignals lets the coroutines that receive signals handle all signals that have arrived.
func drainSignals(ctx workflow.Context) {
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(workflow.Context) { settle.SetValue(nil) }) // runs after the coroutines that receive signals
	_ = done.Get(ctx, nil)                                            // never fails
}

// close sets the final status and returns the workflow's error.
func (c *campaignRun) close(ctx workflow.Context, outcome error) error {
	if workflow.IsContinueAsNewError(outcome) {
		return outcome
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	c.endedAt = workflow.Now(ctx)
	defer func() { c.progress.EndedAt = c.endedAt }()
	switch {
	case outcome == nil:
		return c.setStatus(ctx, campaign.StatusCompleted, "completed")
	case temporal.IsCanceledError(outcome):
		if err := c.setStatus(ctx, campaign.StatusCancelled, "cancelled"); err != nil {
			return err
		}
		return outcome
	default:
		c.fail(ctx)
		return outcome
	}
}
