package workflows

import (
	"context"
	"time"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/user"
)

// Activities are the steps of the workflows. Each is idempotent.
type Activities interface {
	// PersistUser stores the user. A broken rule is in the result; it is not an error.
	PersistUser(context.Context, PersistInput) (PersistResult, error)
	// ActivateUser makes the user active. If the registration has no user any more, or another user has proven the email,
	// Superseded is in the result.
	ActivateUser(context.Context, ActivateInput) (ActivateResult, error)
	// ExpireUser deletes the user unless it became active.
	ExpireUser(context.Context, ExpireInput) (ExpireResult, error)
	// SendOTP sends the code with the given sequence, unless the ledger has it as sent. A code that was reported undelivered
	// is sent again by a provider that did not report it so.
	SendOTP(context.Context, OTPInput) (SendResult, error)
	// SendWelcomeEmail sends the welcome email, unless the ledger has it or its address is suppressed.
	SendWelcomeEmail(context.Context, NoticeInput) (SendResult, error)
	// SendCompletionSMS sends the SMS after activation, unless the ledger has it.
	SendCompletionSMS(context.Context, NoticeInput) (SendResult, error)
	// SendAccountExists tells the holder of an address that somebody tried to register with it, at most once a day.
	SendAccountExists(context.Context, AccountExistsInput) (SendResult, error)
	// SendEmailReleased tells an active user by SMS that its account has lost an address, unless the ledger has it.
	SendEmailReleased(context.Context, EmailReleasedInput) (SendResult, error)
	// ConfirmEmail proves an address by a link.
	ConfirmEmail(context.Context, EmailLinkInput) (EmailLinkStepResult, error)
	// DisownEmail removes an unproven address from a user, by a link.
	DisownEmail(context.Context, EmailLinkInput) (EmailLinkStepResult, error)
	// DeliverEvents delivers events of a registration, in order, to each endpoint that wants them.
	DeliverEvents(context.Context, DeliverEventsInput) (DeliverEventsResult, error)
	// RecordEvent records an event that is not part of a change of the user.
	RecordEvent(context.Context, RecordEventInput) (RecordEventResult, error)
	// RecordMessage writes a sent message to the ledger, after the step that sent it could not.
	RecordMessage(context.Context, RecordInput) (RecordResult, error)
	ChangeActivities
	ReplayActivities
	SweepActivities
	RetentionActivities
	CampaignActivities
}

// PersistInput is the input of PersistUser.
type PersistInput struct{ Registration user.Registration }

// PersistResult is the result of PersistUser.
type PersistResult struct {
	Persisted user.Persisted
	Refusal   user.Code // the rule that the registration broke, if any
	CodesSent int       // sequence of the last code that an earlier run of the registration sent; otherwise 0
}

// ActivateInput is the input of ActivateUser.
type ActivateInput struct{ Activation user.Activation }

// ActivateResult is the result of ActivateUser.
type ActivateResult struct {
	Superseded bool
	Displaced  user.Displaced // the registrations that lost the address, and all announced events
}

// ExpireInput is the input of ExpireUser.
type ExpireInput struct {
	RegistrationID string
	Cancelled      bool `json:",omitempty"` // the registration was cancelled; otherwise it was not verified in time
}

// ExpireResult is the result of ExpireUser.
type ExpireResult struct {
	Announced int `json:",omitempty"` // the sequence of the registration's last event, 0 if it has none
}

// DeliverEventsInput is the input of DeliverEvents.
type DeliverEventsInput struct {
	RegistrationID string
	Through        int // sequence of the last event that must be delivered; later events are delivered too
}

// DeliverEventsResult is the result of DeliverEvents.
type DeliverEventsResult struct {
	Through int // sequence of the last delivered event
}

// RecordEventInput is the input of RecordEvent.
type RecordEventInput struct {
	RegistrationID string
	Type           event.Type
	Reason         string
}

// RecordEventResult is the result of RecordEvent.
type RecordEventResult struct {
	Announced int `json:",omitempty"` // the sequence of the registration's last event, 0 if it has none
}

// OTPInput is the input of SendOTP.
type OTPInput struct {
	RegistrationID string
	UserID         string
	Sequence       int
	KeyID          uint32
	Channel        message.Channel
	To             string
	FirstName      string
	Locale         string
	Attributes     string `json:",omitempty"` // as in user.Profile
	CodeTTL        time.Duration
}

// NoticeInput is the input of a step that sends a message without a code.
type NoticeInput struct {
	RegistrationID string
	UserID         string
	To             string
	EmailCanonical string // for the links of the welcome email
	ConfirmLink    bool   // the welcome email asks the user to confirm the address, since no code proves it
	FirstName      string
	Locale         string
	Attributes     string    `json:",omitempty"` // as in user.Profile
	RequestedAt    time.Time // of the registration
}

// AccountExistsInput is the input of SendAccountExists.
type AccountExistsInput struct {
	EmailCanonical string
	At             time.Time // the day, in UTC, is the message's sequence in the ledger
}

// EmailReleasedInput is the input of SendEmailReleased.
type EmailReleasedInput struct{ RegistrationID string }

// Attempt is the last attempt of a failed activity, in the details of its application error.
type Attempt struct {
	Number       int    // counts from 1
	Provider     string // the provider that refused the message; empty if none did
	ProviderCode string // the provider's code for the refusal; never a one-time code
}

// SendResult is the result of a step that sends a message.
type SendResult struct {
	// Receipt is empty if the ledger already had the message or its address is suppressed.
	Receipt message.Receipt
	// Suppressed is why the address is suppressed, if it is; then nothing was sent.
	Suppressed message.SuppressionReason
	// Unrecorded is the message's entry if a provider accepted it but the ledger could not be written; otherwise nil.
	Unrecorded *message.Entry
}

// RecordInput is the input of RecordMessage.
type RecordInput struct{ Entry message.Entry }

// RecordResult is the result of RecordMessage.
type RecordResult struct {
	Undelivered bool // the provider reported it undelivered before the ledger had the message
}
