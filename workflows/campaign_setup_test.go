package workflows_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

type campaignFake struct {
	storeCampaign       func(context.Context, workflows.StoreCampaignInput) (workflows.StoreCampaignResult, error)
	startCampaign       func(context.Context, workflows.StartCampaignInput) (workflows.StartCampaignResult, error)
	sendCampaignBatch   func(context.Context, workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error)
	recordCampaignBatch func(context.Context, workflows.RecordBatchInput) (workflows.CampaignBatchResult, error)
	setCampaignStatus   func(context.Context, workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error)
}

func (f *campaignFake) StoreCampaign(ctx context.Context, in workflows.StoreCampaignInput) (workflows.StoreCampaignResult, error) {
	return f.storeCampaign(ctx, in)
}

func (f *campaignFake) StartCampaign(ctx context.Context, in workflows.StartCampaignInput) (workflows.StartCampaignResult, error) {
	return f.startCampaign(ctx, in)
}

func (f *campaignFake) SendCampaignBatch(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
	return f.sendCampaignBatch(ctx, in)
}

func (f *campaignFake) RecordCampaignBatch(ctx context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
	return f.recordCampaignBatch(ctx, in)
}

func (f *campaignFake) SetCampaignStatus(ctx context.Context, in workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error) {
	return f.setCampaignStatus(ctx, in)
}

// sentBatch is a batch that was sent.
type sentBatch struct {
	workflows.CampaignBatchInput
	at    time.Time
	found int
}

// campaignFixture is a campaign to people whose user ids are numbers, on activities that all succeed.
type campaignFixture struct {
	t          tester
	env        *testsuite.TestWorkflowEnvironment
	in         workflows.CampaignInput
	fake       campaignFake
	recipients int
	reports    recorder // of steps, in the log and the metrics

	mu         sync.Mutex
	batches    []sentBatch
	recorded   []campaign.Batch // by RecordCampaignBatch
	stored     []workflows.StoreCampaignInput
	statuses   []workflows.CampaignStatusInput // each write to the database
	attributes []string                        // each write of search attributes
}

var campaignNow = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func setupCampaign(t tester) *campaignFixture {
	t.Helper()
	f := &campaignFixture{t: t, recipients: 250, in: workflows.CampaignInput{
		Campaign: campaign.Campaign{
			ID: "c-1", CreatedAt: campaignNow,
			Request: campaign.Request{Content: campaign.Content{Name: "spring", Subject: "Spring", Text: "Hello", Locale: "de"}},
		},
		Fingerprint: "fingerprint", BatchSize: 100, Budget: time.Hour, ParkingTime: 24 * time.Hour,
	}}
	f.fake = campaignFake{
		storeCampaign: func(_ context.Context, in workflows.StoreCampaignInput) (workflows.StoreCampaignResult, error) {
			f.stored = append(f.stored, in)
			return workflows.StoreCampaignResult{}, nil
		},
		startCampaign: func(_ context.Context, in workflows.StartCampaignInput) (workflows.StartCampaignResult, error) {
			return workflows.StartCampaignResult{StartedAt: in.At, Recipients: f.recipients}, nil
		},
		sendCampaignBatch:   f.take,
		recordCampaignBatch: f.record,
		setCampaignStatus: func(_ context.Context, in workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.statuses = append(f.statuses, in)
			return workflows.CampaignStatusResult{}, nil
		},
	}
	f.newRun()
	return f
}

// newRun makes a new environment for the next run of the campaign.
func (f *campaignFixture) newRun() {
	var suite testsuite.WorkflowTestSuite
	suite.SetDisableRegistrationAliasing(true)
	suite.SetLogger(&f.reports)
	suite.SetMetricsHandler(f.reports.metrics())
	f.env = suite.NewTestWorkflowEnvironment()
	f.env.SetStartTime(campaignNow)
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.CampaignWorkflowID(f.in.ID)})
	f.env.RegisterWorkflowWithOptions(workflows.CampaignWorkflow, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
	for name, run := range map[string]any{
		"StoreCampaign": f.fake.storeCampaign, "StartCampaign": f.fake.startCampaign,
		"SendCampaignBatch": func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
			return f.fake.sendCampaignBatch(ctx, in)
		},
		"RecordCampaignBatch": func(ctx context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
			return f.fake.recordCampaignBatch(ctx, in)
		},
		"SetCampaignStatus": func(ctx context.Context, in workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error) {
			return f.fake.setCampaignStatus(ctx, in)
		},
	} {
		f.env.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: name})
	}
	f.env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Run(func(args mock.Arguments) {
		f.attributes = append(f.attributes, writtenCampaign(args.Get(0).(temporal.SearchAttributes)))
	}).Maybe()
}

func writtenCampaign(sa temporal.SearchAttributes) string {
	status, _ := sa.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributeCampaignStatus))
	reason, _ := sa.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributeFailureReason))
	if reason != "" {
		return status + " " + reason
	}
	return status
}

// take sends to the next recipients.
func (f *campaignFixture) take(_ context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := 0
	if in.After != "" {
		if _, err := fmt.Sscanf(in.After, "u-%d", &last); err != nil {
			return workflows.CampaignBatchResult{}, err
		}
	}
	found := min(in.Size, f.recipients-last)
	if found == 0 {
		return workflows.CampaignBatchResult{}, nil
	}
	f.batches = append(f.batches, sentBatch{in, f.env.Now(), found})
	return workflows.CampaignBatchResult{
		Size: found, Last: fmt.Sprintf("u-%d", last+found), Sent: found - 1, Rejected: 1, Provider: "mailgun", SentAt: f.env.Now(),
	}, nil
}

// takeUnrecorded is take when the ledger cannot be written.
func (f *campaignFixture) takeUnrecorded(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
	out, err := f.take(ctx, in)
	if err == nil && out.Size > 0 {
		out.Unrecorded = &campaign.Batch{
			CampaignID: in.CampaignID, Number: in.Number, After: in.After, Last: out.Last, Size: out.Size, Rejected: out.Rejected,
			Receipt: message.Receipt{Provider: out.Provider}, SentAt: out.SentAt,
		}
	}
	return out, err
}

func (f *campaignFixture) record(_ context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := in.Batch
	f.recorded = append(f.recorded, b)
	return workflows.CampaignBatchResult{
		Size: b.Size, Last: b.Last, Sent: b.Size - b.Rejected, Rejected: b.Rejected, Provider: b.Receipt.Provider, SentAt: b.SentAt,
	}, nil
}

// failing lets the first attempts at a batch fail.
func (f *campaignFixture) failing(number, times int, err error) {
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		if in.Number == number && times > 0 {
			times--
			return workflows.CampaignBatchResult{}, err
		}
		return f.take(ctx, in)
	}
}

func (f *campaignFixture) at(age time.Duration, do func()) { f.env.RegisterDelayedCallback(do, age) }

func (f *campaignFixture) signalAt(age time.Duration, name string) {
	f.at(age, func() { f.env.SignalWorkflow(name, nil) })
}

// run runs the campaign to the end of a run.
func (f *campaignFixture) run() (workflows.CampaignProgress, error) {
	f.t.Helper()
	f.env.ExecuteWorkflow(workflows.CampaignWorkflowType, f.in)
	require.True(f.t, f.env.IsWorkflowCompleted())
	if err := f.env.GetWorkflowError(); err != nil {
		return workflows.CampaignProgress{}, err
	}
	var out workflows.CampaignProgress
	require.NoError(f.t, f.env.GetWorkflowResult(&out))
	require.Equal(f.t, f.progress(), out)
	return out, nil
}

func (f *campaignFixture) progress() workflows.CampaignProgress {
	f.t.Helper()
	value, err := f.env.QueryWorkflow(workflows.QueryProgress)
	require.NoError(f.t, err)
	var p workflows.CampaignProgress
	require.NoError(f.t, value.Get(&p))
	return p
}

// completes runs the campaign to its end, in several runs if needed, and requires that each recipient got it once.
func (f *campaignFixture) completes() workflows.CampaignProgress {
	f.t.Helper()
	out, err := f.run()
	for workflow.IsContinueAsNewError(err) {
		f.next(err)
		out, err = f.run()
	}
	require.NoError(f.t, err)
	require.Equal(f.t, campaign.StatusCompleted, out.Status)
	f.requireOnce(out)
	return out
}

// next sets the next run up.
func (f *campaignFixture) next(err error) {
	f.t.Helper()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(f.t, err, &again)
	f.in = workflows.CampaignInput{}
	require.NoError(f.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &f.in))
	require.Equal(f.t, f.in.Progress.StartedAt.IsZero(), f.in.Content != campaign.Content{}, "the content is stored when a campaign has started")
	now := f.env.Now()
	f.newRun()
	f.env.SetStartTime(now)
}

// requireOnce requires that the batches follow each other without a gap, and that the progress agrees with them.
func (f *campaignFixture) requireOnce(p workflows.CampaignProgress) {
	f.t.Helper()
	total, after := 0, ""
	for n, b := range f.batches {
		require.Equal(f.t, n+1, b.Number)
		require.Equal(f.t, after, b.After)
		total += b.found
		after = fmt.Sprintf("u-%d", total)
	}
	require.Equal(f.t, len(f.batches), p.Batches)
	require.Equal(f.t, total, p.Sent+p.Rejected)
	if p.Status == campaign.StatusCompleted {
		require.Equal(f.t, f.recipients, total)
	}
}

func TestCampaignSendsToEachRecipientOnce(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	out := f.completes()
	require.Equal(t, []string{"running", "completed"}, f.attributes[len(f.attributes)-2:])
	require.Equal(t, 250, out.Recipients)
	require.Equal(t, 247, out.Sent)
	require.Equal(t, 3, out.Rejected)
	require.Equal(t, []workflows.CampaignStatusInput{
		{CampaignID: "c-1", Status: campaign.StatusCompleted, EndedAt: out.EndedAt},
	}, f.statuses)
	require.Equal(t, []workflows.StoreCampaignInput{
		{Campaign: f.in.Campaign},
	}, f.stored)
}

func TestCampaignWithoutRecipients(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.recipients = 0
	require.Zero(t, f.completes().Batches)
}
