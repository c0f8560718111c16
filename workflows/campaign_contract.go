package workflows

import "time"

// Names that clients of CampaignWorkflow use. To cancel a campaign, request the workflow's cancellation.
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
	Content     *CampaignContent // nil once it is stored: in the runs after the first
	CreatedAt   time.Time
	ScheduleAt  time.Time // zero: at once
	Rate        float64   // recipients a second at most; 0: no bound
	BatchSize   int       // recipients a batch at most
	Budget      time.Duration
	ParkingTime time.Duration
	Progress    CampaignProgress // of the runs before
	After       string           // id of the last user of the last batch
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
