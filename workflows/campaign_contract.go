package workflows

import (
	"context"
	"time"

	"registrar/internal/message"
)

// Names that clients of CampaignWorkflow use, beside SignalRetry and SignalAbandon, which are for a step that used up its
// budget. To cancel a campaign, request the workflow's cancellation: the batch that is being sent is finished and counted.
const (
	CampaignWorkflowType = "CampaignWorkflow"

	SignalPause   = "pause"    // stops after the batch that is being sent
	SignalResume  = "resume"   // goes on
	QueryProgress = "progress" // CampaignProgress
)

// AttributeCampaignStatus is the search attribute of CampaignWorkflow, of type Keyword.
const AttributeCampaignStatus = "CampaignStatus" // a CampaignStatus

// CampaignWorkflowID is the id of the workflow that runs a campaign.
func CampaignWorkflowID(campaignID string) string { return "campaign-" + campaignID }

// CampaignStatus is where a campaign stands.
type CampaignStatus string

// The statuses of a campaign.
const (
	CampaignScheduled CampaignStatus = "scheduled"
	CampaignRunning   CampaignStatus = "running"
	CampaignPaused    CampaignStatus = "paused"    // by an operator
	CampaignFailed    CampaignStatus = "failed"    // a step used up its budget: waits for the signal retry
	CampaignCompleted CampaignStatus = "completed" // nobody is left to write to
	CampaignCancelled CampaignStatus = "cancelled"
)

// CampaignContent is what a campaign says and to whom. It is checked before the workflow starts.
type CampaignContent struct {
	Name    string // for operators
	Subject string // as are Text and HTML: with the fields {{first_name}} and {{unsubscribe}}
	Text    string
	HTML    string // may be empty
	// Locale keeps the campaign to people whose locale is this BCP 47 tag or one more special than it: "de" takes "de-AT".
	// Empty: to all.
	Locale string
}

// CampaignInput starts CampaignWorkflow.
type CampaignInput struct {
	CampaignID  string
	Fingerprint string           // keyed hash of the request, as in RegistrationInput
	Content     *CampaignContent // nil once the campaign has started: in the runs after
	CreatedAt   time.Time
	ScheduleAt  time.Time // zero: at once
	Rate        float64   // recipients a second at most; 0: no bound
	BatchSize   int       // recipients a batch at most; 0: message.MaxBatch, which is also the most
	// Budget is how long a step is tried before it waits for an operator, and ParkingTime how long it waits. 0: those of
	// DefaultPolicy for the welcome email.
	Budget      time.Duration
	ParkingTime time.Duration
	// What follows is empty in the first run: it hands over to the runs after it.
	Progress CampaignProgress
	After    string    // id of the last user of the last batch
	Due      time.Time // of the next batch, by the rate
}

// CampaignProgress is the result of QueryProgress and of the workflow.
type CampaignProgress struct {
	Status     CampaignStatus
	Reason     FailureReason // while failed
	Recipients int           // counted when the campaign started
	Sent       int           // taken by a provider
	Rejected   int           // refused for good by a provider
	Batches    int
	StartedAt  time.Time // zero before
	EndedAt    time.Time // zero before
}

// CampaignActivities are the steps of CampaignWorkflow. Every one is idempotent, and none has personal data in its input or
// result.
type CampaignActivities interface {
	// StoreCampaign stores what the campaign says.
	StoreCampaign(context.Context, StoreCampaignInput) (StoreCampaignResult, error)
	// StartCampaign settles to whom the campaign goes, once for all runs, and counts them.
	StartCampaign(context.Context, StartCampaignInput) (StartCampaignResult, error)
	// SendCampaignBatch sends to the next people, at most once as far as the ledger knows. That the ledger could not be
	// written after a provider took the batch is no error: the row is in the result.
	SendCampaignBatch(context.Context, CampaignBatchInput) (CampaignBatchResult, error)
	// RecordCampaignBatch writes a batch to the ledger, and returns what the ledger then has under its number.
	RecordCampaignBatch(context.Context, RecordBatchInput) (CampaignBatchResult, error)
	// SetCampaignStatus tells the database where the campaign stands.
	SetCampaignStatus(context.Context, CampaignStatusInput) (CampaignStatusResult, error)
}

// StoreCampaignInput is the input of StoreCampaign.
type StoreCampaignInput struct {
	CampaignID string
	Content    CampaignContent
	CreatedAt  time.Time
	ScheduleAt time.Time // zero: at once
	Rate       float64
}

// StoreCampaignResult is the result of StoreCampaign.
type StoreCampaignResult struct{}

// StartCampaignInput is the input of StartCampaign.
type StartCampaignInput struct {
	CampaignID string
	At         time.Time // people who registered later get nothing, so that a campaign has an end
}

// StartCampaignResult is the result of StartCampaign. An earlier run under the same id has settled both before.
type StartCampaignResult struct {
	StartedAt  time.Time
	Recipients int
}

// CampaignBatchInput is the input of SendCampaignBatch.
type CampaignBatchInput struct {
	CampaignID string
	Number     int    // counts from 1
	After      string // id of the last user of the batch before
	Size       int    // recipients at most
	// Taken is a batch that a provider took and an activity of an older release could not write to the ledger: see takenBatch.
	Taken *message.CampaignBatch
}

// CampaignBatchResult is a batch that was sent.
type CampaignBatchResult struct {
	Found    int       // recipients: Sent and Rejected; 0 when nobody is left
	Last     string    // id of the last one's user
	Sent     int       // taken by the provider
	Rejected int       // refused by it for good
	Provider string    // empty when the ledger had the batch already
	SentAt   time.Time // zero when an older release ran the activity
	// Unrecorded is the row that the ledger lacks, or nil.
	Unrecorded *message.CampaignBatch
}

// RecordBatchInput is the input of RecordCampaignBatch.
type RecordBatchInput struct{ Batch message.CampaignBatch }

// CampaignStatusInput is the input of SetCampaignStatus.
type CampaignStatusInput struct {
	CampaignID string
	Status     CampaignStatus
	EndedAt    time.Time // zero while it goes on
}

// CampaignStatusResult is the result of SetCampaignStatus.
type CampaignStatusResult struct{}
