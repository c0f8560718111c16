// Package campaign defines a campaign, an email to all users who consented: its data, the rules for its content, and the
// coded violations that name a broken rule. It fills the content in for recipients. It does no I/O.
package campaign

import (
	"time"

	"registrar/internal/message"
)

// Status is the status of a campaign.
type Status string

// The statuses of a campaign.
const (
	StatusScheduled Status = "scheduled"
	StatusRunning   Status = "running"
	StatusPaused    Status = "paused"    // by an operator
	StatusFailed    Status = "failed"    // a step used up its retry budget: the campaign waits for an operator, or has ended
	StatusCompleted Status = "completed" // no recipient is left
	StatusCancelled Status = "cancelled"
)

// Content is the email of a campaign, and its audience. Subject, Text and HTML may have the fields {{first_name}} and
// {{unsubscribe}}.
type Content struct {
	Name    string // for operators
	Subject string
	Text    string
	HTML    string // may be empty
	// Locale limits the campaign to users whose locale is this BCP 47 tag or a more specific one: "de" includes "de-AT".
	// Empty: all users.
	Locale string
}

// Campaign is a requested campaign, checked and normalised by New.
type Campaign struct {
	ID string // a UUID
	Request
	CreatedAt time.Time
}

// Progress is the progress of a campaign. The database keeps it.
type Progress struct {
	Status     Status
	Recipients int       // counted when the campaign starts
	Sent       int       // recipients that a provider accepted
	Rejected   int       // recipients that a provider refused permanently
	StartedAt  time.Time // zero before the start
	EndedAt    time.Time // zero before the end
}

// Stored is a campaign in the database.
type Stored struct {
	Campaign
	Progress
}

// Audience returns the audience of a campaign that has started.
func (s Stored) Audience() Audience {
	return Audience{Locale: s.Content.Locale, Before: s.StartedAt}
}

// Audience selects the recipients of a campaign: active users who consented and whose address is not suppressed.
type Audience struct {
	// Locale restricts the audience, as Content.Locale does.
	Locale string
	Before time.Time // only users who were stored before this time
}

// Addressee is a user in an Audience.
type Addressee struct {
	UserID    string
	Email     string
	FirstName string // as the user wrote it
}

// Batch is a row of the campaigns' ledger: recipients that need no further attempt. It holds no personal data.
type Batch struct {
	CampaignID string
	Number     int    // of the batch in its campaign, from 1
	After      string // id of the last user of the previous batch; empty in the first batch
	Last       string // id of the last user of this batch
	Size       int    // number of recipients
	Rejected   int    // number of recipients that the provider refused
	Receipt    message.Receipt
	SentAt     time.Time // UTC
}
