// Package activities implements the steps of the workflows: it stores users and sends messages. Every activity is
// idempotent.
package activities

import (
	"context"
	"time"

	"registrar/internal/campaign"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/retention"
	"registrar/internal/user"
	"registrar/workflows"
)

var _ workflows.Activities = (*Activities)(nil)

// Activities are the steps of the workflows. A process sets the fields that its task queues need.
type Activities struct {
	Users    Users
	Ledger   Ledger
	Codes    Codes
	Links    Links
	Messages Messages
	Email    message.Sender
	SMS      message.Sender
	// DuplicateAvoided is called when a message is not sent again, because the ledger has it. nil: nothing is called.
	DuplicateAvoided func(message.Kind)

	// Used by DeliverEvents only.
	Events    Events
	Endpoints []Endpoint

	// Used by erasures only.
	Erasures   Erasures
	Executions Executions
	Limits     Limits // nil if the limits are counted in the API's memory only, which forgets them

	// Used by the retention only.
	Expiring  Expiring
	Retention retention.Settings

	// Used by campaigns only.
	Campaigns Campaigns
	Composer  Composer
	Batches   message.BatchSender
}

// Campaigns is the store of campaigns, their audiences, and the batches that a provider has accepted.
type Campaigns interface {
	// StoreCampaign stores a campaign unless it is already stored.
	StoreCampaign(context.Context, campaign.Campaign) error
	// StartCampaign sets a campaign's status to running, and its StartedAt and Recipients unless they are set.
	StartCampaign(ctx context.Context, id string, at time.Time) (c campaign.Stored, found bool, err error)
	Campaign(ctx context.Context, id string) (c campaign.Stored, found bool, err error)
	// Addressees returns at most limit users of an audience, in the order of their user ids, starting behind after.
	Addressees(ctx context.Context, audience campaign.Audience, after string, limit int) ([]campaign.Addressee, error)
	CampaignBatch(ctx context.Context, id string, number int) (b campaign.Batch, found bool, err error)
	// RecordCampaignBatch writes a batch to the ledger unless it has one with the number, and returns the ledger's batch.
	RecordCampaignBatch(context.Context, campaign.Batch) (campaign.Batch, error)
	SetCampaignStatus(ctx context.Context, id string, status campaign.Status, endedAt time.Time) error
	// Suppress adds an address to the suppression list. It is idempotent.
	Suppress(context.Context, message.Suppression) error
}

// Composer composes the emails of campaigns. It is safe for concurrent use.
type Composer interface {
	// Compile compiles a campaign's content.
	Compile(campaign.Content) (campaign.Patterns, error)
	// UnsubscribeURL returns the link with which a user withdraws the consent to campaigns.
	UnsubscribeURL(campaignID, userID string) (url string)
}

// Users is the user store. Its errors hold no personal data; a broken rule is a *user.Error.
type Users interface {
	Persist(context.Context, user.Registration) (user.Persisted, error)
	Activate(context.Context, user.Activation) (user.Displaced, error)
	// Expire deletes a registration's pending user, for a reason of package event. It returns the sequence of the last event.
	Expire(ctx context.Context, registrationID, reason string) (through int, err error)
	// ConfirmEmail proves a registration's email by a link, and DisownEmail removes it unless it is proven.
	ConfirmEmail(ctx context.Context, registrationID, canonical string, at time.Time) (user.Displaced, error)
	DisownEmail(ctx context.Context, registrationID, canonical string, at time.Time) (user.Displaced, error)
	// Announced returns the last events of a registration and of its changes.
	Announced(ctx context.Context, registrationID string) ([]user.Announced, error)
	// RecordEvent records an event without a change of the user, unless the registration's last event has the same type. It
	// returns the sequence of the last event.
	RecordEvent(ctx context.Context, registrationID string, t event.Type, reason string) (through int, err error)
	// ChangeUser makes a change other than an erasure.
	ChangeUser(context.Context, user.ChangeRequest) (user.ChangeResult, error)
	// Contact returns how to reach a registration's user, and Holder the user who holds an email, if there is one.
	Contact(ctx context.Context, registrationID string) (user.Contact, bool, error)
	Holder(ctx context.Context, canonical string) (user.Contact, bool, error)
	// SetMobile changes the mobile number (E.164) of a registration's pending user.
	SetMobile(ctx context.Context, registrationID, mobile string) error
}

// Erasures is the store's part of erasures.
type Erasures interface {
	// Subject finds a user, or a registration without a user, by the id of either. It reports an erased one as found.
	Subject(ctx context.Context, id string) (s user.Subject, found bool, err error)
	// WithoutUser returns those registrations that have no user.
	WithoutUser(ctx context.Context, registrationIDs []string) ([]string, error)
	// Erase deletes the rows of a user, and records the receipt and the event.
	Erase(context.Context, user.Erasure) (user.ChangeResult, error)
	CompleteErasure(ctx context.Context, id string, at time.Time) error
}

// Executions are the workflows of users in Temporal.
type Executions interface {
	// Exists reports whether Temporal has the workflow of a registration.
	Exists(ctx context.Context, registrationID string) (bool, error)
	// EndedOf returns the ended registrations of a canonical email.
	EndedOf(ctx context.Context, canonical string) (registrationIDs []string, err error)
	// Stop cancels the running workflows of a user and waits for their end. recent is true if one has ended so recently that
	// a message may still be on its way.
	Stop(context.Context, workflows.Erased) (recent bool, err error)
	// Delete deletes all workflows of a user, except erasures.
	Delete(context.Context, workflows.Erased) error
}

// Limits counts messages to destinations.
type Limits interface {
	// Forget deletes the counts of a mailbox and a number. Either may be empty.
	Forget(ctx context.Context, mailbox, mobile string) error
}

// Ledger stores accepted messages, failed attempts and delivery reports.
type Ledger interface {
	// Sent reports whether a provider has accepted the message and not reported it undelivered.
	Sent(context.Context, message.Key) (bool, error)
	// UndeliveredBy returns the providers that reported the message undelivered.
	UndeliveredBy(context.Context, message.Key) ([]string, error)
	// Record writes an entry. It returns message.ErrUndelivered if the message was already reported undelivered.
	Record(context.Context, message.Entry) error
	// Suppressed returns the reasons for which a canonical address is suppressed.
	Suppressed(ctx context.Context, address string) ([]message.SuppressionReason, error)
	RecordAttempt(context.Context, message.Attempt) error
	// LastSequence returns the highest sequence of a kind in the ledger for a registration, or 0 if there is none.
	LastSequence(ctx context.Context, registrationID string, kind message.Kind) (int, error)
}

// Codes derives one-time passwords.
type Codes interface {
	Code(keyID uint32, registrationID string, sequence int) (string, error)
}

// Links makes the links of the welcome email.
type Links interface {
	// EmailLink returns the address of a link. It is empty if the service has no public address.
	EmailLink(action workflows.EmailLinkAction, registrationID, canonical, locale string) (url string)
	// AddressKey returns the keyed hash of an address that its links carry.
	AddressKey(canonical string) string
}

// Messages composes the messages of registrations.
type Messages interface {
	OTP(locale string, channel message.Channel, to string, data render.OTPData) (message.Message, error)
	Welcome(locale, to string, data render.WelcomeData) (message.Message, error)
	Completion(locale, to string, data render.CompletionData) (message.Message, error)
	AccountExists(locale, to string, data render.AccountExistsData) (message.Message, error)
	EmailReleased(locale, to string, data render.EmailReleasedData) (message.Message, error)
}

// now returns the time for ledger entries. Activities, unlike workflows, may read the clock.
func now() time.Time { return time.Now().UTC() }
