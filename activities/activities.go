// Package activities does what workflows decide: it stores users and sends messages. Every activity is idempotent.
package activities

import (
	"context"
	"time"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/user"
	"registrar/workflows"
)

var _ workflows.Activities = (*Activities)(nil)

// Activities are the steps of the workflows. A process sets the fields that its task queues need.
type Activities struct {
	Users    Users
	Ledger   Ledger
	Codes    Codes
	Messages Messages
	Email    message.Sender
	SMS      message.Sender

	// What campaigns need.
	Campaigns Campaigns
	Composer  Composer
	Batches   message.BatchSender
}

// Campaigns is the store of campaigns, of those to whom they go, and of the batches that a provider has taken.
type Campaigns interface {
	// StoreCampaign stores a campaign unless it is stored already.
	StoreCampaign(context.Context, message.Campaign) error
	// StartCampaign gives a campaign its StartedAt and Recipients, unless it has them, and a status.
	StartCampaign(ctx context.Context, id string, at time.Time, status string) (c message.Campaign, found bool, err error)
	Campaign(ctx context.Context, id string) (c message.Campaign, found bool, err error)
	// Addressees are the next of an audience in the order of their user ids, limit at most.
	Addressees(ctx context.Context, who message.Audience, after string, limit int) ([]message.Addressee, error)
	CampaignBatch(ctx context.Context, id string, number int) (b message.CampaignBatch, found bool, err error)
	// RecordCampaignBatch writes a batch to the ledger and returns what the ledger has: the first one with its number.
	RecordCampaignBatch(context.Context, message.CampaignBatch) (message.CampaignBatch, error)
	SetCampaignStatus(ctx context.Context, id, status string, endedAt time.Time) error
	// Suppress keeps an address from further campaigns. Repeating it changes nothing.
	Suppress(context.Context, message.Suppression) error
}

// Composer writes campaigns. It is safe for concurrent use.
type Composer interface {
	// Patterns are the parts of an email, html empty when the campaign has none.
	Patterns(workflows.CampaignContent) (subject, text, html message.Pattern, err error)
	// UnsubscribeURL is the link with which a user takes the consent to campaigns back.
	UnsubscribeURL(campaignID, userID string) (url string)
}

// Users is the user store. Its errors hold no personal data; a broken rule is a *user.Error.
type Users interface {
	Persist(context.Context, user.Registration) (user.Persisted, error)
	Activate(context.Context, user.Activation) (takenBack string, err error)
	Expire(ctx context.Context, registrationID string) error
	// SetMobile gives the pending user of a registration another number, in E.164.
	SetMobile(ctx context.Context, registrationID, mobile string) error
}

// Ledger remembers which messages a provider has taken, which tries failed, and what providers reported.
type Ledger interface {
	// Sent tells whether a provider has taken the message and not reported it undelivered.
	Sent(context.Context, message.Key) (bool, error)
	// UndeliveredBy are the providers that reported the message undelivered.
	UndeliveredBy(context.Context, message.Key) ([]string, error)
	// Record fails with message.ErrUndelivered when it wrote the entry of a message that did not arrive.
	Record(context.Context, message.Entry) error
	// Suppressed are the reasons for which a canonical address is not to be written to.
	Suppressed(ctx context.Context, address string) ([]message.SuppressionReason, error)
	RecordAttempt(context.Context, message.Attempt) error
	// LastSequence is the highest of a kind that the ledger has for a registration, 0 when none.
	LastSequence(ctx context.Context, registrationID string, kind message.Kind) (int, error)
}

// Codes derives one-time passwords.
type Codes interface {
	Code(keyID uint32, registrationID string, sequence int) (string, error)
}

// Messages writes what is sent.
type Messages interface {
	OTP(locale string, channel message.Channel, to string, data render.OTPData) (message.Message, error)
	Welcome(locale, to string, data render.WelcomeData) (message.Message, error)
	Completion(locale, to string, data render.CompletionData) (message.Message, error)
}

// now is the ledger's clock; activities, unlike workflows, may read it.
func now() time.Time { return time.Now().UTC() }
