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

	"registrar/internal/campaign"
	"registrar/workflows"
)

// CampaignState is the current state of a campaign.
type CampaignState struct {
	campaign.Campaign          // its Content has only Name and Locale
	workflows.CampaignProgress // only Status is set while Known is false

	Known  bool // false if the progress was not queried, or no worker answered
	closed bool // its workflow has ended
}

// Ended reports whether a campaign sends nothing more and cannot be retried.
func (s CampaignState) Ended() bool {
	return s.Status == campaign.StatusCompleted || s.Status == campaign.StatusCancelled ||
		s.Status == campaign.StatusFailed && (s.closed || !s.EndedAt.IsZero())
}

func (s CampaignState) with(p workflows.CampaignProgress) CampaignState {
	s.CampaignProgress, s.Known = p, true
	return s
}

// memoKey names the workflow's memo, which survives continue-as-new. It is encrypted like the workflow's input.
const memoKey = "about"

// campaignMemo is the part of a campaign that can be read without a query to its workflow.
type campaignMemo struct {
	campaign.Campaign // its Content has only Name and Locale
	Fingerprint       string
}

func memoOf(in workflows.CampaignInput) campaignMemo {
	m := campaignMemo{in.Campaign, in.Fingerprint}
	m.Content = campaign.Content{Name: in.Content.Name, Locale: in.Content.Locale}
	return m
}

// status is the campaign's first status.
func (m campaignMemo) status() campaign.Status {
	if m.ScheduleAt.After(m.CreatedAt) {
		return campaign.StatusScheduled
	}
	return campaign.StatusRunning
}

func (m campaignMemo) state() CampaignState {
	s := CampaignState{Campaign: m.Campaign}
	s.Status = m.status()
	return s
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

// Get returns the state of a campaign. A cancelled or failed campaign has no progress while no worker answers. The errors
// are ErrNotFound and ErrUnavailable.
func (c *Campaigns) Get(ctx context.Context, id string) (CampaignState, error) {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	run, err := c.describe(ctx, workflows.CampaignWorkflowID(id))
	if err != nil {
		return CampaignState{}, err
	}
	m, err := c.readMemo(run.GetMemo())
	if err != nil {
		return CampaignState{}, err
	}
	found := m.state()
	p, err := c.progress(ctx, run)
	if err == nil {
		return found.with(p), nil
	}
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return CampaignState{}, err
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
func campaignStatus(run *workflow.WorkflowExecutionInfo) campaign.Status {
	status := campaign.Status(Keyword(run.GetSearchAttributes().GetIndexedFields()[workflows.AttributeCampaignStatus]))
	switch run.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		if status == "" {
			return campaign.StatusRunning
		}
		return status
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		if status == campaign.StatusCancelled {
			return status
		}
		return campaign.StatusCompleted
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return campaign.StatusCancelled
	default:
		return campaign.StatusFailed
	}
}

const (
	campaignsPerPage = 50
	// listQueryTimeout bounds all queries to running workflows of one listing together. Without workers, no query is answered.
	listQueryTimeout = 2 * time.Second
)

// List returns a page of campaigns and the token of the next page, empty after the last one. An empty pageToken means the
// first page. Running campaigns come first, each group with the newest first. A campaign that does not answer in time has
// no progress. The errors are ErrPageToken and ErrUnavailable.
func (c *Campaigns) List(ctx context.Context, pageToken []byte) ([]CampaignState, []byte, error) {
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
	campaigns := make([]CampaignState, 0, len(page.GetExecutions()))
	for _, run := range page.GetExecutions() {
		campaigns = append(campaigns, c.fromListing(ctx, run))
	}
	return campaigns, page.GetNextPageToken(), nil
}

func (c *Campaigns) fromListing(ctx context.Context, run *workflow.WorkflowExecutionInfo) CampaignState {
	id := strings.TrimPrefix(run.GetExecution().GetWorkflowId(), workflows.CampaignWorkflowID(""))
	m, err := c.readMemo(run.GetMemo())
	if err != nil {
		// an unreadable memo must not hide the campaign
		m.Campaign = campaign.Campaign{ID: id, CreatedAt: run.GetStartTime().AsTime()}
	}
	found := m.state()
	found.Status = campaignStatus(run)
	if run.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING && ctx.Err() == nil {
		if p, err := c.progress(ctx, run); err == nil {
			return found.with(p)
		}
	}
	return found
}
