package workflows

import (
	"context"
	"time"

	"registrar/internal/campaign"
)

// Names for clients of CampaignWorkflow, besides SignalRetry and SignalAbandon, which are for a step that used up its
// budget. To cancel a campaign, request the workflow's cancellation: the current batch is finished and counted.
const (
	CampaignWorkflowType = "CampaignWorkflow"

	SignalPause   = "pause"    // pauses after the current batch
	SignalResume  = "resume"   // continues after a pause
	QueryProgress = "progress" // CampaignProgress
)

// AttributeCampaignStatus is the search attribute of CampaignWorkflow, of type Keyword.
const AttributeCampaignStatus = "CampaignStatus" // a campaign.Status

// CampaignWorkflowID is the id of the workflow that runs a campaign.
func CampaignWorkflowID(campaignID string) string { return "campaign-" + campaignID }

// CampaignInput starts CampaignWorkflow.
type CampaignInput struct {
	campaign.Campaign // without Content in later runs, after the campaign has started

	Fingerprint string // keyed hash of the request, as in RegistrationInput
	BatchSize   int    // maximum recipients per batch; 0: message.MaxBatch, which is also the upper bound
	// Budget is a step's retry budget, and ParkingTime how long a parked step waits for an operator. 0: the welcome email's
	// budget and the ParkingTime of DefaultPolicy.
	Budget      time.Duration
	ParkingTime time.Duration
	// The other fields are empty in the first run. Each run passes them to the next one.
	Progress CampaignProgress
	After    string    // user id of the last recipient so far
	Due      time.Time // when the rate allows the next batch
}

// CampaignProgress is the result of QueryProgress and of the workflow.
type CampaignProgress struct {
	campaign.Progress
	Reason  FailureReason // set while the status is failed
	Batches int           // sent so far
}

// CampaignActivities are the steps of CampaignWorkflow. Each is idempotent. Inputs and results have no personal data.
type CampaignActivities interface {
	// StoreCampaign stores the campaign's content.
	StoreCampaign(context.Context, StoreCampaignInput) (StoreCampaignResult, error)
	// StartCampaign fixes the campaign's recipients, once for all runs, and counts them.
	StartCampaign(context.Context, StartCampaignInput) (StartCampaignResult, error)
	// SendCampaignBatch sends to the next recipients, unless the ledger has the batch. If a provider accepted the batch but the
	// ledger could not be written, there is no error: the row is in the result.
	SendCampaignBatch(context.Context, CampaignBatchInput) (CampaignBatchResult, error)
	// RecordCampaignBatch writes a batch to the ledger and returns the ledger's row with its number.
	RecordCampaignBatch(context.Context, RecordBatchInput) (CampaignBatchResult, error)
	// SetCampaignStatus writes the campaign's status to the database.
	SetCampaignStatus(context.Context, CampaignStatusInput) (CampaignStatusResult, error)
}

// StoreCampaignInput is the input of StoreCampaign.
type StoreCampaignInput struct{ Campaign campaign.Campaign }

// StoreCampaignResult is the result of StoreCampaign.
type StoreCampaignResult struct{}

// StartCampaignInput is the input of StartCampaign.
type StartCampaignInput struct {
	CampaignID string
	At         time.Time // users who registered later get nothing, so that a campaign has an end
}

// StartCampaignResult is the result of StartCampaign. If an earlier run with the same id has set both values, they stay.
type StartCampaignResult struct {
	StartedAt  time.Time
	Recipients int
}

// CampaignBatchInput is the input of SendCampaignBatch.
type CampaignBatchInput struct {
	CampaignID string
	Number     int    // counts from 1
	After      string // user id of the previous batch's last recipient
	Size       int    // maximum recipients
}

// CampaignBatchResult is a batch that was sent.
type CampaignBatchResult struct {
	Size     int    // recipients: Sent and Rejected; 0 if none is left
	Last     string // the last recipient's user id
	Sent     int    // accepted by the provider
	Rejected int    // refused permanently by the provider
	Provider string // empty if the ledger already had the batch
	SentAt   time.Time
	// Unrecorded is the row that could not be written to the ledger, or nil.
	Unrecorded *campaign.Batch
}

// RecordBatchInput is the input of RecordCampaignBatch.
type RecordBatchInput struct{ Batch campaign.Batch }

// CampaignStatusInput is the input of SetCampaignStatus.
type CampaignStatusInput struct {
	CampaignID string
	Status     campaign.Status
	EndedAt    time.Time // zero before the end
}

// CampaignStatusResult is the result of SetCampaignStatus.
type CampaignStatusResult struct{}
