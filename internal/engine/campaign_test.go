package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar/internal/campaign"
	"registrar/internal/engine"
	"registrar/workflows"
)

const campaignID = "0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77"

var (
	noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	data = converter.GetDefaultDataConverter()
)

type fakeClient struct {
	client.Client
	execute  func(client.StartWorkflowOptions, workflows.CampaignInput) error
	signal   func(workflowID, name string) error
	cancel   func(workflowID string) error
	query    func(workflowID string) (workflows.CampaignProgress, error)
	result   func(workflowID, runID string) (workflows.CampaignProgress, error)
	describe func(workflowID string) (*workflow.WorkflowExecutionInfo, error)
	list     func(*workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
}

func (f *fakeClient) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, name any, args ...any) (client.WorkflowRun, error) {
	if name != workflows.CampaignWorkflowType {
		return nil, fmt.Errorf("started %v", name)
	}
	return nil, f.execute(o, args[0].(workflows.CampaignInput))
}

func (f *fakeClient) SignalWorkflow(_ context.Context, workflowID, _, name string, _ any) error {
	return f.signal(workflowID, name)
}

func (f *fakeClient) CancelWorkflow(_ context.Context, workflowID, _ string) error {
	return f.cancel(workflowID)
}

func (f *fakeClient) QueryWorkflow(_ context.Context, workflowID, _, query string, _ ...any) (converter.EncodedValue, error) {
	if query != workflows.QueryProgress {
		return nil, fmt.Errorf("asked %s", query)
	}
	p, err := f.query(workflowID)
	if err != nil {
		return nil, err
	}
	payloads, err := data.ToPayloads(p)
	return client.NewValue(payloads), err
}

type fakeRun struct {
	client.WorkflowRun
	get func() (workflows.CampaignProgress, error)
}

func (r fakeRun) Get(_ context.Context, out any) (err error) {
	*out.(*workflows.CampaignProgress), err = r.get()
	return err
}

func (f *fakeClient) GetWorkflow(_ context.Context, workflowID, runID string) client.WorkflowRun {
	return fakeRun{get: func() (workflows.CampaignProgress, error) { return f.result(workflowID, runID) }}
}

func (f *fakeClient) DescribeWorkflowExecution(_ context.Context, workflowID, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	info, err := f.describe(workflowID)
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, err
}

func (f *fakeClient) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return f.list(r)
}

type fakeKeys struct{}

func (fakeKeys) CampaignID(key string) string       { return campaignID }
func (fakeKeys) Fingerprint(parts ...string) string { return fmt.Sprintf("%q", parts) }

func campaigns(f *fakeClient) *engine.Campaigns {
	return engine.NewCampaigns(f, engine.CampaignOptions{
		Keys: fakeKeys{}, Data: data, ParkingTime: time.Hour, Now: func() time.Time { return noon },
	})
}

func content() campaign.Content {
	return campaign.Content{
		Name: "Spring", Subject: "News for {{first_name}}", Text: "Dear {{first_name}},\n\nBye: <{{unsubscribe}}>\n", Locale: "de-AT",
	}
}

func request() campaign.Request {
	return campaign.Request{Content: content(), ScheduleAt: noon.Add(time.Hour).In(time.FixedZone("", 3600)), Rate: 5}
}

func progress(status campaign.Status, sent int) workflows.CampaignProgress {
	return workflows.CampaignProgress{Progress: campaign.Progress{Status: status, Sent: sent}}
}

// memo is what a started workflow keeps.
func memo(t *testing.T, o client.StartWorkflowOptions) *common.Memo {
	t.Helper()
	kept := &common.Memo{Fields: map[string]*common.Payload{}}
	for name, value := range o.Memo {
		payload, err := data.ToPayload(value)
		require.NoError(t, err)
		kept.Fields[name] = payload
	}
	return kept
}

// info is Temporal's description of a campaign's workflow.
func info(t *testing.T, status enums.WorkflowExecutionStatus, attribute campaign.Status) *workflow.WorkflowExecutionInfo {
	t.Helper()
	var kept *common.Memo
	_, err := campaigns(&fakeClient{execute: func(o client.StartWorkflowOptions, _ workflows.CampaignInput) error {
		kept = memo(t, o)
		return nil
	}}).Start(t.Context(), "key", request())
	require.NoError(t, err)
	payload, err := data.ToPayload(string(attribute))
	require.NoError(t, err)
	return &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: "campaign-" + campaignID, RunId: "run"}, Status: status, Memo: kept,
		StartTime: timestamppb.New(noon), CloseTime: timestamppb.New(noon.Add(time.Minute)),
		SearchAttributes: &common.SearchAttributes{IndexedFields: map[string]*common.Payload{workflows.AttributeCampaignStatus: payload}},
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	var (
		options client.StartWorkflowOptions
		in      workflows.CampaignInput
	)
	f := &fakeClient{execute: func(o client.StartWorkflowOptions, i workflows.CampaignInput) error {
		options, in = o, i
		return nil
	}}
	want := engine.CampaignState{
		Campaign: campaign.Campaign{ID: campaignID, CreatedAt: noon, Request: campaign.Request{
			Content: campaign.Content{Name: "Spring", Locale: "de-AT"}, ScheduleAt: noon.Add(time.Hour), Rate: 5,
		}},
		CampaignProgress: progress(campaign.StatusScheduled, 0),
	}
	r := request()
	r.Content.Locale = "DE-at"
	first, err := campaigns(f).Start(t.Context(), "key", r)
	require.NoError(t, err)
	require.Equal(t, want, first)
	require.Equal(t, "campaign-"+campaignID, options.ID)
	require.Equal(t, workflows.QueueRegistration, options.TaskQueue)
	require.True(t, options.WorkflowExecutionErrorWhenAlreadyStarted)
	require.Equal(t, 1, options.TypedSearchAttributes.Size())
	whole := want.Campaign
	whole.Content = content()
	require.Equal(t, workflows.CampaignInput{Campaign: whole, Fingerprint: in.Fingerprint, ParkingTime: time.Hour}, in)

	f.execute = func(client.StartWorkflowOptions, workflows.CampaignInput) error {
		return serviceerror.NewWorkflowExecutionAlreadyStarted("", "", "")
	}
	f.describe = func(id string) (*workflow.WorkflowExecutionInfo, error) {
		require.Equal(t, options.ID, id)
		return &workflow.WorkflowExecutionInfo{Memo: memo(t, options)}, nil
	}
	later := campaigns(f)
	later.Now = func() time.Time { return noon.Add(2 * time.Hour) }
	again, err := later.Start(t.Context(), "key", r)
	require.NoError(t, err)
	require.Equal(t, first, again, "the same answer")

	r.Rate = 6
	_, err = later.Start(t.Context(), "key", r)
	require.ErrorIs(t, err, engine.ErrReused)
}

func TestStartWithoutAKey(t *testing.T) {
	t.Parallel()
	r := request()
	r.ScheduleAt = time.Time{}
	ids := map[string]bool{}
	for range 2 {
		c, err := campaigns(&fakeClient{execute: func(_ client.StartWorkflowOptions, in workflows.CampaignInput) error {
			require.True(t, in.ScheduleAt.IsZero())
			return nil
		}}).Start(t.Context(), "", r)
		require.NoError(t, err)
		require.NoError(t, uuid.Validate(c.ID))
		require.Equal(t, campaign.StatusRunning, c.Status)
		ids[c.ID] = true
	}
	require.Len(t, ids, 2)
}

func TestStartFailures(t *testing.T) {
	t.Parallel()
	var violations *campaign.ValidationError
	_, err := campaigns(&fakeClient{}).Start(t.Context(), "", campaign.Request{ScheduleAt: noon.AddDate(2, 0, 0), Rate: -1})
	require.ErrorAs(t, err, &violations)
	require.Len(t, violations.Violations, 5)

	for _, down := range []error{serviceerror.NewUnavailable(""), context.DeadlineExceeded, serviceerror.NewDeadlineExceeded("")} {
		f := &fakeClient{execute: func(client.StartWorkflowOptions, workflows.CampaignInput) error { return down }}
		_, err = campaigns(f).Start(t.Context(), "", request())
		require.ErrorIs(t, err, engine.ErrUnavailable)
	}
	f := &fakeClient{execute: func(client.StartWorkflowOptions, workflows.CampaignInput) error {
		return serviceerror.NewInvalidArgument("x")
	}}
	_, err = campaigns(f).Start(t.Context(), "", request())
	require.ErrorContains(t, err, "start the campaign")
	require.NotErrorIs(t, err, engine.ErrUnavailable)
}

func TestGet(t *testing.T) {
	t.Parallel()
	sent := progress(campaign.StatusPaused, 4)
	noPoller := serviceerror.NewFailedPrecondition("no poller")
	asked := func(p workflows.CampaignProgress, err error) func(string) (workflows.CampaignProgress, error) {
		return func(string) (workflows.CampaignProgress, error) { return p, err }
	}
	for name, tt := range map[string]struct {
		status  enums.WorkflowExecutionStatus
		query   func(string) (workflows.CampaignProgress, error)
		want    campaign.Status
		sent    int // -1: unknown
		endedAt time.Time
		ended   bool
		err     error
	}{
		"running":            {status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, query: asked(sent, nil), want: campaign.StatusPaused, sent: 4},
		"no worker answers":  {status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, query: asked(sent, noPoller), err: engine.ErrUnavailable},
		"completed":          {status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, want: campaign.StatusCompleted, sent: 9, endedAt: noon, ended: true},
		"canceled":           {enums.WORKFLOW_EXECUTION_STATUS_CANCELED, asked(sent, nil), campaign.StatusCancelled, 4, noon.Add(time.Minute), true, nil},
		"terminated, silent": {enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, asked(sent, noPoller), campaign.StatusFailed, -1, time.Time{}, true, nil},
		"canceled, silent":   {enums.WORKFLOW_EXECUTION_STATUS_CANCELED, asked(sent, noPoller), campaign.StatusCancelled, -1, time.Time{}, true, nil},
		"failed":             {enums.WORKFLOW_EXECUTION_STATUS_FAILED, asked(sent, nil), campaign.StatusFailed, 4, noon.Add(time.Minute), true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := campaigns(&fakeClient{
				describe: func(string) (*workflow.WorkflowExecutionInfo, error) { return info(t, tt.status, "paused"), nil },
				query:    tt.query,
				result: func(id, run string) (workflows.CampaignProgress, error) {
					require.Equal(t, "run", run)
					p := progress(campaign.StatusCompleted, 9)
					p.EndedAt = noon
					return p, nil
				},
			}).Get(t.Context(), campaignID)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, c.Status)
			require.Equal(t, tt.ended, c.Ended())
			require.Equal(t, "Spring", c.Content.Name)
			require.Equal(t, tt.sent >= 0, c.Known)
			if !c.Known {
				return
			}
			require.Equal(t, tt.sent, c.Sent)
			require.True(t, tt.endedAt.Equal(c.EndedAt))
		})
	}
	_, err := campaigns(&fakeClient{describe: func(string) (*workflow.WorkflowExecutionInfo, error) {
		return nil, serviceerror.NewNotFound("")
	}}).Get(t.Context(), campaignID)
	require.ErrorIs(t, err, engine.ErrNotFound)
}

func TestDo(t *testing.T) {
	t.Parallel()
	var done []string
	f := &fakeClient{
		signal: func(id, name string) error { done = append(done, id+" "+name); return nil },
		cancel: func(id string) error { done = append(done, id+" cancelled"); return nil },
		describe: func(string) (*workflow.WorkflowExecutionInfo, error) {
			return &workflow.WorkflowExecutionInfo{Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING}, nil
		},
	}
	for _, action := range engine.Actions {
		require.NoError(t, campaigns(f).Do(t.Context(), campaignID, action))
	}
	id := "campaign-" + campaignID
	require.Equal(t, []string{id + " pause", id + " resume", id + " retry", id + " cancelled"}, done)
	require.Error(t, campaigns(f).Do(t.Context(), campaignID, "restart"))

	gone := serviceerror.NewNotFound("workflow execution already completed")
	f.signal = func(string, string) error { return gone }
	f.cancel = func(string) error { return nil } // as the server does
	f.describe = func(string) (*workflow.WorkflowExecutionInfo, error) { return nil, nil }
	for _, action := range engine.Actions {
		require.ErrorIs(t, campaigns(f).Do(t.Context(), campaignID, action), engine.ErrEnded)
	}
	f.describe = func(string) (*workflow.WorkflowExecutionInfo, error) { return nil, gone }
	require.ErrorIs(t, campaigns(f).Do(t.Context(), campaignID, engine.Pause), engine.ErrNotFound)
	f.signal = func(string, string) error { return serviceerror.NewUnavailable("") }
	require.ErrorIs(t, campaigns(f).Do(t.Context(), campaignID, engine.Pause), engine.ErrUnavailable)
}

func TestList(t *testing.T) {
	t.Parallel()
	f := &fakeClient{
		query: func(string) (workflows.CampaignProgress, error) {
			return progress(campaign.StatusRunning, 4), nil
		},
		list: func(r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
			require.Equal(t, "WorkflowType = 'CampaignWorkflow' AND ExecutionStatus != 'ContinuedAsNew'", r.GetQuery())
			require.Equal(t, "page", string(r.GetNextPageToken()))
			withoutMemo := info(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, "")
			withoutMemo.Memo = nil
			return &workflowservice.ListWorkflowExecutionsResponse{NextPageToken: []byte("next"), Executions: []*workflow.WorkflowExecutionInfo{
				info(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, "scheduled"),
				info(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, "cancelled"),
				info(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, "completed"),
				info(t, enums.WORKFLOW_EXECUTION_STATUS_CANCELED, "running"),
				info(t, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, "running"),
				withoutMemo,
			}}, nil
		},
	}
	all, next, err := campaigns(f).List(t.Context(), []byte("page"))
	require.NoError(t, err)
	require.Equal(t, "next", string(next))
	var statuses []campaign.Status
	for _, c := range all {
		require.Equal(t, campaignID, c.ID)
		require.Equal(t, noon, c.CreatedAt)
		statuses = append(statuses, c.Status)
	}
	require.Equal(t, []campaign.Status{"running", "cancelled", "completed", "cancelled", "failed", "completed"}, statuses)
	require.Equal(t, 4, all[0].Sent)
	require.False(t, all[1].Known)

	f.query = func(string) (workflows.CampaignProgress, error) {
		return workflows.CampaignProgress{}, errors.New("no worker")
	}
	all, _, err = campaigns(f).List(t.Context(), []byte("page"))
	require.NoError(t, err)
	require.Equal(t, campaign.StatusScheduled, all[0].Status)
	require.False(t, all[0].Known)

	f.list = func(*workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
		return nil, serviceerror.NewInvalidArgument("page token")
	}
	_, _, err = campaigns(f).List(t.Context(), []byte("page"))
	require.ErrorIs(t, err, engine.ErrPageToken)
}
