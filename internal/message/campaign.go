package message

import "time"

// Campaign is an email to all users who consented to campaigns, as the store keeps it.
type Campaign struct {
	ID         string // a UUID
	Name       string // for operators
	Subject    string // like Text and HTML, still with its fields
	Text       string
	HTML       string
	Locale     string  // see Audience
	Rate       float64 // maximum number of recipients a second; 0 means no limit
	Status     string  // a workflows.CampaignStatus
	Recipients int     // counted when the campaign starts
	Sent       int     // recipients that a provider accepted
	Rejected   int     // recipients that a provider refused permanently
	CreatedAt  time.Time
	ScheduleAt time.Time // zero: start at once
	StartedAt  time.Time // zero before the start
	EndedAt    time.Time // zero before the end
}

// Audience selects the recipients of a campaign: active users who consented and whose address is not suppressed.
type Audience struct {
	// Locale restricts the audience to users whose locale is this BCP 47 tag or a more specific one. Empty: all users.
	Locale string
	Before time.Time // only users who were stored before this time
}

// Audience returns the audience of a campaign that has started.
func (c Campaign) Audience() Audience { return Audience{Locale: c.Locale, Before: c.StartedAt} }

// Addressee is a user in an Audience.
type Addressee struct {
	UserID    string
	Email     string
	FirstName string // as the user wrote it
}

// CampaignBatch is a row of the campaigns' ledger: recipients that need no further attempt. It holds no personal data.
type CampaignBatch struct {
	CampaignID string
	Number     int    // of the batch in its campaign, from 1
	After      string // id of the last user of the previous batch; empty in the first batch
	Last       string // id of the last user of this batch
	Size       int    // number of recipients
	Rejected   int    // number of recipients that the provider refused
	Receipt    Receipt
	SentAt     time.Time // UTC
}
