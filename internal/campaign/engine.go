package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/engine"
	"registrar/workflows"
)

// Client is what an Engine needs of a Temporal client.
type Client interface {
	ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	SignalWorkflow(ctx context.Context, workflowID, runID, name string, arg any) error
	CancelWorkflow(ctx context.Context, workflowID, runID string) error
	QueryWorkflow(ctx context.Context, workflowID, runID, query string, args ...any) (converter.EncodedValue, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	ListWorkflow(ctx context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
}

// Keys derives ids and fingerprints; secret.Keyring does.
type Keys interface {
	CampaignID(idempotencyKey string) string
	Fingerprint(parts ...string) string
}

// Engine starts, watches and steers campaigns on a Temporal server. It needs no database. Every call returns within its
// context's deadline, or Patience.
type Engine struct {
	Client Client
	Keys   Keys
	// Data decodes what the client encodes.
	Data converter.DataConverter
	// ParkingTime is how long a failed step waits for an operator.
	ParkingTime time.Duration
	// Patience bounds each call to Temporal. 0: 3 s.
	Patience time.Duration
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// What an Engine answers besides *MistakesError. Anything else is a defect.
var (
	ErrUnavailable = errors.New("the workflow engine cannot be reached, or no worker answers")
	ErrNotFound    = errors.New("no such campaign")
	ErrReused      = errors.New("the idempotency key belongs to another campaign")
	ErrEnded       = errors.New("the campaign has ended")
	ErrPage        = errors.New("no such page of campaigns")
)

// Start starts the campaign that is asked for, once for each idempotency key: the same request under the same key is
// answered with the campaign that it started, as it was then. An empty key is a new one. The errors are *MistakesError,
// ErrReused and ErrUnavailable; after the latter it may have started all the same.
func (e *Engine) Start(ctx context.Context, key string, r Request) (Campaign, error) {
	now := e.now()
	if mistakes := r.Check(now); len(mistakes) > 0 {
		return Campaign{}, asError(mistakes)
	}
	id, err := e.newID(key)
	if err != nil {
		return Campaign{}, err
	}
	in := r.input(id, e.Keys.Fingerprint(r.parts()...), now, e.ParkingTime)
	about := aboutOf(in)
	ctx, cancel := e.bound(ctx)
	defer cancel()
	_, err = e.Client.ExecuteWorkflow(ctx, startOptions(in, about), workflows.CampaignWorkflowType, in)
	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return e.started(ctx, id, about.Fingerprint)
	}
	return about.campaign(id), sorted("start the campaign", err)
}

func (e *Engine) newID(key string) (string, error) {
	if key != "" {
		return e.Keys.CampaignID(key), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make a campaign id: %w", err)
	}
	return id.String(), nil
}

func startOptions(in workflows.CampaignInput, a about) client.StartWorkflowOptions {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeCampaignStatus)
	return client.StartWorkflowOptions{
		ID:                                       workflows.CampaignWorkflowID(in.CampaignID),
		TaskQueue:                                workflows.QueueRegistration,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(status.ValueSet(string(a.status()))),
		StaticSummary:                            "Campaign " + in.Content.Name,
		Memo:                                     map[string]any{memoAbout: a},
	}
}

// started is the answer to a request whose campaign is there already.
func (e *Engine) started(ctx context.Context, id, fingerprint string) (Campaign, error) {
	d, err := e.Client.DescribeWorkflowExecution(ctx, workflows.CampaignWorkflowID(id), "")
	if err != nil {
		return Campaign{}, sorted("look up the campaign", err)
	}
	a, err := e.readAbout(d.GetWorkflowExecutionInfo().GetMemo())
	if err != nil {
		return Campaign{}, err
	}
	if a.Fingerprint != fingerprint {
		return Campaign{}, ErrReused
	}
	return a.campaign(id), nil
}

// Action is what an operator does to a campaign that has not ended.
type Action string

// The actions. The campaign does them as soon as a worker sees them; each may be repeated.
const (
	Pause  Action = "pause"  // stop after the batch that is being sent
	Resume Action = "resume" // go on after a pause
	Retry  Action = "retry"  // run a failed step again
	Cancel Action = "cancel" // stop for good after the batch that is being sent
)

// Actions lists the actions.
var Actions = []Action{Pause, Resume, Retry, Cancel}

// Do tells a campaign what to do. The errors are ErrNotFound, ErrEnded and ErrUnavailable.
func (e *Engine) Do(ctx context.Context, id string, do Action) error {
	ctx, cancel := e.bound(ctx)
	defer cancel()
	workflowID := workflows.CampaignWorkflowID(id)
	var err error
	switch do {
	case Pause:
		err = e.Client.SignalWorkflow(ctx, workflowID, "", workflows.SignalPause, nil)
	case Resume:
		err = e.Client.SignalWorkflow(ctx, workflowID, "", workflows.SignalResume, nil)
	case Retry:
		err = e.Client.SignalWorkflow(ctx, workflowID, "", workflows.SignalRetry, nil)
	case Cancel:
		return e.cancel(ctx, workflowID)
	default:
		return fmt.Errorf("there is no action %q", do)
	}
	if err = sorted(string(do)+" the campaign", err); !errors.Is(err, ErrNotFound) {
		return err
	}
	// Temporal says the same of a workflow that has ended and of one that never was.
	if _, err := e.Client.DescribeWorkflowExecution(ctx, workflowID, ""); err != nil {
		return sorted("look up the campaign", err)
	}
	return ErrEnded
}

// cancel looks first, since Temporal takes the cancellation of a workflow that has ended for a success.
func (e *Engine) cancel(ctx context.Context, workflowID string) error {
	d, err := e.Client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return sorted("look up the campaign", err)
	}
	if d.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return ErrEnded
	}
	return sorted("cancel the campaign", e.Client.CancelWorkflow(ctx, workflowID, ""))
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Engine) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	patience := e.Patience
	if patience == 0 {
		patience = 3 * time.Second
	}
	return context.WithTimeout(ctx, patience)
}

// sorted turns what the client says into an Engine's errors; nil stays nil.
func sorted(doing string, err error) error {
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notFound):
		return ErrNotFound
	case engine.IsTemporary(err):
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
