package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// The steps of a campaign, as park and the Web UI call them.
const (
	stepStoreCampaign step = "store the campaign"
	stepStartCampaign step = "count the recipients"
	stepBatch         step = "send a batch"
	stepRecordBatch   step = "write a batch to the ledger"
	stepSetStatus     step = "write the status to the database"
)

// batchesPerRun bounds a run's history: a batch takes up to 21 events, and Temporal warns at 10,240.
const batchesPerRun = 250

// CampaignWorkflow sends an email to everyone who agreed, batch after batch:
//
//	store ─▶ wait for ScheduleAt ─▶ count ─▶ (wait for the rate ─▶ send a batch)* ─▶ completed
//
// One batch is on its way at a time. A step that used up its budget parks, as in RegistrationWorkflow. The workflow fails
// only when a parked step was abandoned or waited longer than CampaignInput.ParkingTime; started again with the same id, the
// campaign goes on behind the last batch in the ledger.
func CampaignWorkflow(ctx workflow.Context, in CampaignInput) (CampaignProgress, error) {
	c := newCampaign(ctx, in)
	progress := func() (CampaignProgress, error) { return c.progress, nil }
	options := workflow.QueryHandlerOptions{Description: "where the campaign stands"}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryProgress, progress, options); err != nil {
		return CampaignProgress{}, err
	}
	c.listen(ctx)
	err := c.close(ctx, c.run(ctx))
	return c.progress, err
}

// campaign is the state of one run. The coroutines of a workflow take turns, so nothing here needs a lock.
type campaign struct {
	in       CampaignInput
	progress CampaignProgress
	batches  int                    // of this run
	taken    *message.CampaignBatch // see takenBatch

	endedAt   time.Time // settled before the database knows of it; progress has it after
	paused    bool      // asked for by an operator
	parked    bool
	retries   int // retry signals so far
	abandoned bool

	shownStatus CampaignStatus // the search attributes as last written
	shownReason FailureReason
	last        Try // of the step that is parked
	story       story
}

func newCampaign(ctx workflow.Context, in CampaignInput) *campaign {
	patience := DefaultPolicy()
	in.Budget = cmp.Or(in.Budget, patience.Budgets.WelcomeEmail)
	in.ParkingTime = cmp.Or(in.ParkingTime, patience.ParkingTime)
	in.BatchSize = min(cmp.Or(max(in.BatchSize, 0), message.MaxBatch), message.MaxBatch)
	c := &campaign{in: in, progress: in.Progress, paused: in.Progress.Status == CampaignPaused}
	if c.progress.Status == "" {
		c.progress.Status = CampaignRunning
		if in.ScheduleAt.After(workflow.Now(ctx)) {
			c.progress.Status = CampaignScheduled
		}
	}
	c.shownStatus, c.shownReason = shown(ctx)
	return c
}

// run takes the steps in order. Its error is that of continue-as-new, or says why the campaign ended before its end.
func (c *campaign) run(ctx workflow.Context) error {
	if c.progress.StartedAt.IsZero() {
		if err := c.start(ctx); err != nil {
			return err
		}
	} else {
		c.tell(ctx, "goes on in a new run")
	}
	for {
		if err := c.waitForTurn(ctx); err != nil {
			return err
		}
		more, err := c.sendBatch(ctx)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		if c.long(ctx) {
			return c.continueAsNew(ctx)
		}
	}
}

// long tells whether the campaign is to go on in a new run. Signals make a history long, too.
func (c *campaign) long(ctx workflow.Context) bool {
	return c.taken == nil && (c.batches >= batchesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested())
}

// start stores the campaign, waits for its time and settles to whom it goes.
func (c *campaign) start(ctx workflow.Context) error {
	if c.in.Content == nil {
		return temporal.NewNonRetryableApplicationError("the campaign has no content", string(ReasonInternal), nil)
	}
	_, err := insist(ctx, c, stepStoreCampaign, Activities.StoreCampaign, StoreCampaignInput{
		CampaignID: c.in.CampaignID, Content: *c.in.Content,
		CreatedAt: c.in.CreatedAt, ScheduleAt: c.in.ScheduleAt, Rate: c.in.Rate,
	})
	if err != nil {
		return err
	}
	if err := c.waitForSchedule(ctx); err != nil {
		return err
	}
	out, err := insist(ctx, c, stepStartCampaign, Activities.StartCampaign,
		StartCampaignInput{CampaignID: c.in.CampaignID, At: workflow.Now(ctx)})
	if err != nil {
		return err
	}
	c.progress.StartedAt, c.progress.Recipients = out.StartedAt, out.Recipients
	c.progress.Status = CampaignRunning
	c.tell(ctx, fmt.Sprintf("started: %d recipients", out.Recipients))
	return c.publish(ctx)
}

// waitForSchedule waits until the campaign's time has come and nobody has paused it.
func (c *campaign) waitForSchedule(ctx workflow.Context) error {
	status := c.progress.Status
	if status == CampaignPaused { // by the run before
		status = CampaignScheduled
	}
	if status == CampaignScheduled {
		c.tell(ctx, "waits for "+c.in.ScheduleAt.UTC().Format(time.DateTime)+" UTC")
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
		if err := c.sleep(ctx, wait, "wait for the campaign's time"); err != nil {
			return err
		}
	}
}

// sleep waits, and ends early when an operator pauses the campaign. Its error may be that of continue-as-new.
func (c *campaign) sleep(ctx workflow.Context, d time.Duration, summary string) error {
	options := workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: summary}}
	_, err := workflow.AwaitWithOptions(ctx, options, func() bool { return c.paused || c.long(ctx) })
	if err == nil && c.long(ctx) {
		return c.continueAsNew(ctx)
	}
	return err
}

// waitWhilePaused returns once nobody has paused the campaign. It stands at a status then. Its error may be that of
// continue-as-new.
func (c *campaign) waitWhilePaused(ctx workflow.Context, then CampaignStatus) error {
	handOver(ctx)
	for c.paused {
		if err := c.move(ctx, CampaignPaused, "paused by an operator"); err != nil {
			return err
		}
		if err := workflow.Await(ctx, func() bool { return !c.paused || c.long(ctx) }); err != nil {
			return err
		}
		if c.paused {
			return c.continueAsNew(ctx)
		}
		if err := c.move(ctx, then, "resumed by an operator"); err != nil {
			return err
		}
		c.in.Due = later(c.in.Due, workflow.Now(ctx))
		handOver(ctx)
	}
	return ctx.Err()
}

// sendBatch sends the next batch, sees to its row in the ledger, and tells whether there was anybody left. A batch that was
// sent is counted, whatever becomes of its row.
func (c *campaign) sendBatch(ctx workflow.Context) (bool, error) {
	number := c.progress.Batches + 1
	out, err := execute(ctx, Budgets{Campaign: c.in.Budget}, fmt.Sprintf("send batch %d", number), Activities.SendCampaignBatch,
		CampaignBatchInput{CampaignID: c.in.CampaignID, Number: number, After: c.in.After, Size: c.batchSize(), Taken: c.taken})
	if err != nil {
		c.taken = cmp.Or(takenBatch(err), c.taken)
		return true, c.park(ctx, stepBatch, err)
	}
	c.taken = nil
	if out.Found == 0 {
		return false, nil
	}
	if out.Unrecorded != nil {
		out, err = c.recordBatch(ctx, out)
	}
	c.count(ctx, number, out)
	return true, err
}

func (c *campaign) count(ctx workflow.Context, number int, b CampaignBatchResult) {
	c.batches++
	c.in.After = b.Last
	c.progress.Batches = number
	c.progress.Sent += b.Sent
	c.progress.Rejected += b.Rejected
	c.spend(ctx, b)
	c.tell(ctx, fmt.Sprintf("batch %d: %d sent%s", number, b.Sent, through(b.Provider)))
}

func through(provider string) string {
	if provider == "" {
		return " before"
	}
	return " through " + provider
}

// continueAsNew begins a new run, with an empty history, where this one stands.
func (c *campaign) continueAsNew(ctx workflow.Context) error {
	handOver(ctx) // signals of this run are lost to the next
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := c.in
	if !c.progress.StartedAt.IsZero() {
		next.Content = nil
	}
	next.Progress = c.progress
	if c.paused {
		next.Progress.Status = CampaignPaused
	}
	return workflow.NewContinueAsNewError(ctx, CampaignWorkflowType, next)
}

// handOver lets the coroutines that listen to signals react to all that have come.
func handOver(ctx workflow.Context) {
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(workflow.Context) { settle.SetValue(nil) }) // its turn comes after theirs
	_ = done.Get(ctx, nil)                                            // it has no error
}

// close settles how the campaign ended.
func (c *campaign) close(ctx workflow.Context, outcome error) error {
	if workflow.IsContinueAsNewError(outcome) {
		return outcome
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	c.endedAt = workflow.Now(ctx)
	defer func() { c.progress.EndedAt = c.endedAt }()
	switch {
	case outcome == nil:
		return c.move(ctx, CampaignCompleted, "completed")
	case temporal.IsCanceledError(outcome):
		c.progress.Reason = ""
		if err := c.move(ctx, CampaignCancelled, "cancelled"); err != nil {
			return err
		}
		return outcome
	default:
		c.giveUp(ctx)
		return outcome
	}
}
