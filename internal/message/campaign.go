package message

import "time"

// Campaign is an email to everyone who agreed to such emails, as the store keeps it.
type Campaign struct {
	ID         string // a UUID
	Name       string // for operators
	Subject    string // as are Text and HTML: with fields still in it
	Text       string
	HTML       string
	Locale     string  // of Audience
	Rate       float64 // recipients a second at most; 0: no bound
	Status     string  // a workflows.CampaignStatus
	Recipients int     // counted when it started
	Sent       int     // taken by a provider
	Rejected   int     // refused for good by a provider
	CreatedAt  time.Time
	ScheduleAt time.Time // zero: at once
	StartedAt  time.Time // zero before
	EndedAt    time.Time // zero before
}

// Audience says to whom a campaign goes: active users who agreed, whose address is not suppressed.
type Audience struct {
	// Locale keeps it to people whose locale is this BCP 47 tag or one more special than it. Empty: to all.
	Locale string
	Before time.Time // only users who were stored before
}

// Audience is to whom a campaign goes that has started.
func (c Campaign) Audience() Audience { return Audience{Locale: c.Locale, Before: c.StartedAt} }

// Addressee is a person of an Audience.
type Addressee struct {
	UserID    string
	Email     string
	FirstName string // as the person wrote it
}

// CampaignBatch is a row of the campaigns' ledger: people who need no other try. It holds no personal data.
type CampaignBatch struct {
	CampaignID string
	Number     int    // of the batch in its campaign, from 1
	After      string // id of the last user of the batch before; empty in the first
	Last       string // id of its last user
	Size       int    // recipients
	Rejected   int    // those among them that the provider refused
	Receipt    Receipt
	SentAt     time.Time // UTC
}
