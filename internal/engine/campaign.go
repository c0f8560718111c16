package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"registrar/internal/campaign"
	"registrar/workflows"
)

// Errors of Campaigns, besides ErrUnavailable, ErrNotFound and *campaign.ValidationError.
var (
	ErrReused    = errors.New("the idempotency key was already used for another campaign")
	ErrEnded     = errors.New("the campaign has ended")
	ErrPageToken = errors.New("no such page of campaigns")
)

// Keys derives ids and fingerprints. secret.Keyring implements it.
type Keys interface {
	CampaignID(idempotencyKey string) string
	Fingerprint(parts ...string) string
}

// CampaignOptions are the settings of Campaigns. Keys and Data are required.
type CampaignOptions struct {
	Keys Keys
	// Data is the client's data converter.
	Data converter.DataConverter
	// ParkingTime is how long a failed step waits for an operator.
	ParkingTime time.Duration
	// Timeout bounds each call to Temporal. Default 3 s.
	Timeout time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Campaigns starts, reads and controls campaigns. It needs no database. Every call returns within its context's deadline
// or CampaignOptions.Timeout. It is safe for concurrent use.
type Campaigns struct {
	caller
	CampaignOptions
}

// NewCampaigns returns the campaigns in the client's namespace. It calls nothing yet.
func NewCampaigns(c client.Client, o CampaignOptions) *Campaigns {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Campaigns{newCaller(c, "campaign", o.Timeout), o}
}

// Start starts a campaign, once for each idempotency key: a repeated request with the same key returns the campaign as it
// was when it started. An empty key always starts a new campaign. The errors are *campaign.ValidationError, ErrReused and
// ErrUnavailable; after ErrUnavailable the campaign may have started.
func (c *Campaigns) Start(ctx context.Context, key string, r campaign.Request) (CampaignState, error) {
	id, err := c.newID(key)
	if err != nil {
		return CampaignState{}, err
	}
	asked, err := campaign.New(id, r, c.Now())
	if err != nil {
		return CampaignState{}, err
	}
	in := workflows.CampaignInput{
		Campaign: asked, Fingerprint: c.Keys.Fingerprint(r.FingerprintParts()...), ParkingTime: c.ParkingTime,
	}
	memo := memoOf(in)
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	_, err = c.client.ExecuteWorkflow(ctx, startOptions(in, memo), workflows.CampaignWorkflowType, in)
	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return c.started(ctx, id, memo.Fingerprint)
	}
	return memo.state(), c.translate("start", err)
}

func (c *Campaigns) newID(key string) (string, error) {
	if key != "" {
		return c.Keys.CampaignID(key), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("create a campaign id: %w", err)
	}
	return id.String(), nil
}

func startOptions(in workflows.CampaignInput, m campaignMemo) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       workflows.CampaignWorkflowID(in.ID),
		TaskQueue:                                workflows.QueueRegistration,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    workflows.CampaignAttributes(m.status()),
		StaticSummary:                            "Campaign " + in.Content.Name,
		Memo:                                     map[string]any{memoKey: m},
	}
}

// started answers a repeated request, whose campaign already exists.
func (c *Campaigns) started(ctx context.Context, id, fingerprint string) (CampaignState, error) {
	run, err := c.describe(ctx, workflows.CampaignWorkflowID(id))
	if err != nil {
		return CampaignState{}, err
	}
	m, err := c.readMemo(run.GetMemo())
	if err != nil {
		return CampaignState{}, err
	}
	if m.Fingerprint != fingerprint {
		return CampaignState{}, ErrReused
	}
	return m.state(), nil
}

// Action is an operator's action on a campaign that has not ended.
type Action string

// The actions. They take effect when a worker runs the campaign's workflow. Repeating an action is harmless.
const (
	Pause  Action = "pause"  // pause after the current batch
	Resume Action = "resume" // continue after a pause
	Retry  Action = "retry"  // run a failed step again
	Cancel Action = "cancel" // end the campaign after the current batch
)

// Actions lists every action.
var Actions = []Action{Pause, Resume, Retry, Cancel}

var signals = map[Action]string{
	Pause: workflows.SignalPause, Resume: workflows.SignalResume, Retry: workflows.SignalRetry,
}

// Do sends an action to a campaign. The errors are ErrNotFound, ErrEnded and ErrUnavailable.
func (c *Campaigns) Do(ctx context.Context, id string, do Action) error {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	workflowID := workflows.CampaignWorkflowID(id)
	if do == Cancel {
		return c.cancel(ctx, workflowID)
	}
	name, known := signals[do]
	if !known {
		return fmt.Errorf("unknown action %q", do)
	}
	err := c.signal(ctx, workflowID, name, nil)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	// Temporal returns the same error for an ended and for an unknown workflow.
	if _, err := c.describe(ctx, workflowID); err != nil {
		return err
	}
	return ErrEnded
}

// cancel looks the campaign up first, because Temporal accepts the cancellation of an ended workflow.
func (c *Campaigns) cancel(ctx context.Context, workflowID string) error {
	run, err := c.describe(ctx, workflowID)
	if err != nil {
		return err
	}
	if run.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return ErrEnded
	}
	return c.translate("cancel", c.client.CancelWorkflow(ctx, workflowID, ""))
}
