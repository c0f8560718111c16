package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"registrar/workflows"
)

// Campaign is what is known of a campaign.
type Campaign struct {
	ID         string                   `json:"campaign_id"`
	Name       string                   `json:"name"`
	Status     workflows.CampaignStatus `json:"status"`
	Locale     string                   `json:"locale,omitempty"`
	Rate       float64                  `json:"rate,omitempty"`
	CreatedAt  time.Time                `json:"created_at"`
	ScheduleAt time.Time                `json:"schedule_at,omitzero"`
	Progress   *Progress                `json:"progress,omitempty"` // nil when it was not asked for, or nobody answered
	closed     bool                     // its workflow has ended
}

// Progress is how far a campaign is.
type Progress struct {
	Reason     workflows.FailureReason `json:"reason,omitempty"` // while it failed
	Recipients int                     `json:"recipients"`
	Sent       int                     `json:"sent"`
	Rejected   int                     `json:"rejected"`
	Batches    int                     `json:"batches"`
	StartedAt  time.Time               `json:"started_at,omitzero"`
	EndedAt    time.Time               `json:"ended_at,omitzero"`
}

// Ended is true for a campaign that goes no further.
func (c Campaign) Ended() bool {
	return c.Status == workflows.CampaignCompleted || c.Status == workflows.CampaignCancelled ||
		c.Status == workflows.CampaignFailed && (c.closed || c.Progress != nil && !c.Progress.EndedAt.IsZero())
}

func (c Campaign) with(p workflows.CampaignProgress) Campaign {
	c.Status = p.Status
	c.Progress = &Progress{
		Reason: p.Reason, Recipients: p.Recipients, Sent: p.Sent, Rejected: p.Rejected, Batches: p.Batches,
		StartedAt: p.StartedAt, EndedAt: p.EndedAt,
	}
	return c
}

// memoAbout is the workflow's memo, which stays when the workflow continues as new. It is encrypted like its input.
const memoAbout = "about"

// about is what is known of a campaign without asking its workflow.
type about struct {
	Name, Locale, Fingerprint string
	Rate                      float64
	CreatedAt, ScheduleAt     time.Time
}

func aboutOf(in workflows.CampaignInput) about {
	return about{
		Name: in.Content.Name, Locale: in.Content.Locale, Fingerprint: in.Fingerprint, Rate: in.Rate,
		CreatedAt: in.CreatedAt, ScheduleAt: in.ScheduleAt,
	}
}

// status is that of the beginning.
func (a about) status() workflows.CampaignStatus {
	if a.ScheduleAt.After(a.CreatedAt) {
		return workflows.CampaignScheduled
	}
	return workflows.CampaignRunning
}

func (a about) campaign(id string) Campaign {
	return Campaign{
		ID: id, Name: a.Name, Status: a.status(), Locale: a.Locale, Rate: a.Rate, CreatedAt: a.CreatedAt, ScheduleAt: a.ScheduleAt,
	}
}

func (e *Engine) readAbout(memo *common.Memo) (about, error) {
	var a about
	payload, ok := memo.GetFields()[memoAbout]
	if !ok {
		return a, errors.New("the campaign's workflow has no memo")
	}
	if err := e.Data.FromPayload(payload, &a); err != nil {
		return a, fmt.Errorf("read the campaign's memo: %w", err)
	}
	return a, nil
}

// Get tells where a campaign stands. One that was cancelled or failed has no Progress while no worker answers. The errors
// are ErrNotFound and ErrUnavailable.
func (e *Engine) Get(ctx context.Context, id string) (Campaign, error) {
	ctx, cancel := e.bound(ctx)
	defer cancel()
	d, err := e.Client.DescribeWorkflowExecution(ctx, workflows.CampaignWorkflowID(id), "")
	if err != nil {
		return Campaign{}, sorted("look up the campaign", err)
	}
	info := d.GetWorkflowExecutionInfo()
	a, err := e.readAbout(info.GetMemo())
	if err != nil {
		return Campaign{}, err
	}
	c := a.campaign(id)
	p, err := e.progress(ctx, info)
	if err == nil {
		return c.with(p), nil
	}
	switch info.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return Campaign{}, err
	default: // how it ended is known, how far it came is not
		c.Status, c.closed = statusOf(info), true
		return c, nil
	}
}

// progress asks a campaign's workflow. One that ended in order is known by its result, which needs no worker.
func (e *Engine) progress(ctx context.Context, info *workflow.WorkflowExecutionInfo) (workflows.CampaignProgress, error) {
	var p workflows.CampaignProgress
	id, run := info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()
	if info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return p, sorted("read the campaign's result", e.Client.GetWorkflow(ctx, id, run).Get(ctx, &p))
	}
	value, err := e.Client.QueryWorkflow(ctx, id, "", workflows.QueryProgress)
	if err == nil {
		err = value.Get(&p)
	}
	if err != nil || info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return p, sorted("ask the campaign", err)
	}
	p.Status = statusOf(info)
	if p.EndedAt.IsZero() {
		p.EndedAt = info.GetCloseTime().AsTime()
	}
	return p, nil
}

// statusOf is what is known without asking the workflow.
func statusOf(info *workflow.WorkflowExecutionInfo) workflows.CampaignStatus {
	var status workflows.CampaignStatus
	attribute := info.GetSearchAttributes().GetIndexedFields()[workflows.AttributeCampaignStatus]
	if attribute == nil || converter.GetDefaultDataConverter().FromPayload(attribute, &status) != nil {
		status = ""
	}
	switch info.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		if status == "" {
			return workflows.CampaignRunning
		}
		return status
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		if status == workflows.CampaignCancelled {
			return status
		}
		return workflows.CampaignCompleted
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return workflows.CampaignCancelled
	default:
		return workflows.CampaignFailed
	}
}

const (
	pageSize = 50
	// livePatience bounds what is asked of the running campaigns of a page, all together.
	livePatience = 2 * time.Second
)

// List is a page of campaigns, those that have not ended first, then the latest first; and where the next page begins,
// empty after the last one. An empty page is the first. Campaigns that do not answer in time have no Progress. The
// errors are ErrPage and ErrUnavailable.
func (e *Engine) List(ctx context.Context, page []byte) ([]Campaign, []byte, error) {
	asking, cancel := e.bound(ctx)
	defer cancel()
	listed, err := e.Client.ListWorkflow(asking, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: pageSize, NextPageToken: page,
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus != 'ContinuedAsNew'", workflows.CampaignWorkflowType),
	})
	var invalid *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &invalid) && len(page) > 0:
		return nil, nil, ErrPage
	case err != nil:
		return nil, nil, sorted("list the campaigns", err)
	}
	ctx, cancel = context.WithTimeout(ctx, livePatience)
	defer cancel()
	campaigns := make([]Campaign, 0, len(listed.GetExecutions()))
	for _, info := range listed.GetExecutions() {
		campaigns = append(campaigns, e.listed(ctx, info))
	}
	return campaigns, listed.GetNextPageToken(), nil
}

func (e *Engine) listed(ctx context.Context, info *workflow.WorkflowExecutionInfo) Campaign {
	id := strings.TrimPrefix(info.GetExecution().GetWorkflowId(), workflows.CampaignWorkflowID(""))
	a, err := e.readAbout(info.GetMemo())
	if err != nil {
		a = about{CreatedAt: info.GetStartTime().AsTime()} // it is listed all the same
	}
	c := a.campaign(id)
	c.Status = statusOf(info)
	if info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING && ctx.Err() == nil {
		if p, err := e.progress(ctx, info); err == nil {
			return c.with(p)
		}
	}
	return c
}
