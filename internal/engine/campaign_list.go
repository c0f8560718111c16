package engine

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

	"registrar/workflows"
)

// Campaign is the current state of a campaign.
type Campaign struct {
	ID         string                   `json:"campaign_id"`
	Name       string                   `json:"name"`
	Status     workflows.CampaignStatus `json:"status"`
	Locale     string                   `json:"locale,omitempty"`
	Rate       float64                  `json:"rate,omitempty"`
	CreatedAt  time.Time                `json:"created_at"`
	ScheduleAt time.Time                `json:"schedule_at,omitzero"`
	Progress   *Progress                `json:"progress,omitempty"` // nil if it was not queried, or no worker answered
	closed     bool                     // its workflow has ended
}

// Progress is the progress of a campaign.
type Progress struct {
	Reason     workflows.FailureReason `json:"reason,omitempty"` // set while the campaign's status is failed
	Recipients int                     `json:"recipients"`
	Sent       int                     `json:"sent"`
	Rejected   int                     `json:"rejected"`
	Batches    int                     `json:"batches"`
	StartedAt  time.Time               `json:"started_at,omitzero"`
	EndedAt    time.Time               `json:"ended_at,omitzero"`
}

// Ended reports whether a campaign sends nothing more and cannot be retried.
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

// memoKey names the workflow's memo, which survives continue-as-new. It is encrypted like the workflow's input.
const memoKey = "about"

// campaignMemo is the part of a campaign that can be read without a query to its workflow.
type campaignMemo struct {
	Name, Locale, Fingerprint string
	Rate                      float64
	CreatedAt, ScheduleAt     time.Time
}

func memoOf(in workflows.CampaignInput) campaignMemo {
	return campaignMemo{
		Name: in.Content.Name, Locale: in.Content.Locale, Fingerprint: in.Fingerprint, Rate: in.Rate,
		CreatedAt: in.CreatedAt, ScheduleAt: in.ScheduleAt,
	}
}

// status is the campaign's first status.
func (m campaignMemo) status() workflows.CampaignStatus {
	if m.ScheduleAt.After(m.CreatedAt) {
		return workflows.CampaignScheduled
	}
	return workflows.CampaignRunning
}

func (m campaignMemo) campaign(id string) Campaign {
	return Campaign{
		ID: id, Name: m.Name, Status: m.status(), Locale: m.Locale, Rate: m.Rate, CreatedAt: m.CreatedAt, ScheduleAt: m.ScheduleAt,
	}
}

func (c *Campaigns) readMemo(memo *common.Memo) (campaignMemo, error) {
	var m campaignMemo
	payload, ok := memo.GetFields()[memoKey]
	if !ok {
		return m, errors.New("the campaign's workflow has no memo")
	}
	if err := c.Data.FromPayload(payload, &m); err != nil {
		return m, fmt.Errorf("read the campaign's memo: %w", err)
	}
	return m, nil
}

// Get returns the state of a campaign. A cancelled or failed campaign has no Progress while no worker answers. The errors
// are ErrNotFound and ErrUnavailable.
func (c *Campaigns) Get(ctx context.Context, id string) (Campaign, error) {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	run, err := c.describe(ctx, workflows.CampaignWorkflowID(id))
	if err != nil {
		return Campaign{}, err
	}
	m, err := c.readMemo(run.GetMemo())
	if err != nil {
		return Campaign{}, err
	}
	found := m.campaign(id)
	p, err := c.progress(ctx, run)
	if err == nil {
		return found.with(p), nil
	}
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return Campaign{}, err
	default: // the final status is known without a worker, the progress is not
		found.Status, found.closed = campaignStatus(run), true
		return found, nil
	}
}

// progress queries a campaign's workflow. For a completed workflow it reads the result instead, which needs no worker.
func (c *Campaigns) progress(ctx context.Context, run *workflow.WorkflowExecutionInfo) (workflows.CampaignProgress, error) {
	var p workflows.CampaignProgress
	if run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		err := c.result(ctx, run, &p)
		return p, err
	}
	value, err := c.client.QueryWorkflow(ctx, run.GetExecution().GetWorkflowId(), "", workflows.QueryProgress)
	if err == nil {
		err = value.Get(&p)
	}
	if err != nil || run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return p, c.translate("query", err)
	}
	p.Status = campaignStatus(run)
	if p.EndedAt.IsZero() {
		p.EndedAt = run.GetCloseTime().AsTime()
	}
	return p, nil
}

// campaignStatus is the status that the server returns without a worker.
func campaignStatus(run *workflow.WorkflowExecutionInfo) workflows.CampaignStatus {
	status := workflows.CampaignStatus(Keyword(run.GetSearchAttributes().GetIndexedFields()[workflows.AttributeCampaignStatus]))
	switch run.GetStatus() {
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
	campaignsPerPage = 50
	// listQueryTimeout bounds all queries to running workflows of one listing together. Without workers, no query is answered.
	listQueryTimeout = 2 * time.Second
)

// List returns a page of campaigns and the token of the next page, empty after the last one. An empty pageToken means the
// first page. Running campaigns come first, each group with the newest first. A campaign that does not answer in time has
// no Progress. The errors are ErrPageToken and ErrUnavailable.
func (c *Campaigns) List(ctx context.Context, pageToken []byte) ([]Campaign, []byte, error) {
	asking, cancel := c.withTimeout(ctx)
	defer cancel()
	page, err := c.client.ListWorkflow(asking, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: campaignsPerPage, NextPageToken: pageToken,
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus != 'ContinuedAsNew'", workflows.CampaignWorkflowType),
	})
	var invalid *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &invalid) && len(pageToken) > 0:
		return nil, nil, ErrPageToken
	case err != nil:
		return nil, nil, c.translate("list", err)
	}
	ctx, cancel = context.WithTimeout(ctx, listQueryTimeout)
	defer cancel()
	campaigns := make([]Campaign, 0, len(page.GetExecutions()))
	for _, run := range page.GetExecutions() {
		campaigns = append(campaigns, c.fromListing(ctx, run))
	}
	return campaigns, page.GetNextPageToken(), nil
}

func (c *Campaigns) fromListing(ctx context.Context, run *workflow.WorkflowExecutionInfo) Campaign {
	id := strings.TrimPrefix(run.GetExecution().GetWorkflowId(), workflows.CampaignWorkflowID(""))
	m, err := c.readMemo(run.GetMemo())
	if err != nil {
		m = campaignMemo{CreatedAt: run.GetStartTime().AsTime()} // an unreadable memo must not hide the campaign
	}
	found := m.campaign(id)
	found.Status = campaignStatus(run)
	if run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING && ctx.Err() == nil {
		if p, err := c.progress(ctx, run); err == nil {
			return found.with(p)
		}
	}
	return found
}
