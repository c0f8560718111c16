// Package workflows holds Registrar's workflows and everything that other processes must agree on to talk to them:
// names, ids, inputs, results. Workflow code is deterministic: no I/O, no clock, no random numbers.
package workflows

import (
	"context"
	"time"

	"registrar/internal/message"
	"registrar/internal/user"
)

// The task queues. Each is served by workers of its own, so that an OTP never waits behind a welcome email.
const (
	QueueRegistration      = "registration"       // workflows and the user store
	QueueNotificationsHigh = "notifications-high" // one-time passwords
	QueueNotificationsLow  = "notifications-low"  // everything that may wait
)

// Queues lists every task queue.
var Queues = []string{QueueRegistration, QueueNotificationsHigh, QueueNotificationsLow}

// Names that clients of RegistrationWorkflow use.
const (
	RegistrationWorkflowType = "RegistrationWorkflow"

	UpdatePersisted = "persisted" // waits until the user is stored or refused: Persisted
	UpdateVerify    = "verify"    // enters a code: VerifyInput → VerifyResult
	UpdateResendOTP = "resendOTP" // sends a new code: ResendInput → Verification
	QueryState      = "state"     // RegistrationState
	SignalRetry     = "retry"     // runs the failed steps again
	SignalAbandon   = "abandon"   // ends a registration with failed steps as failed, at once
	// SignalBudget changes how long steps are tried. Its input is text such as "otp=90m welcome_email=48h", with otp,
	// welcome_email, completion_sms or store. A step that is being tried goes on for the new budget when it has used up
	// its old one, if the new one is longer. Steps that start later, or are retried by an operator, have the new one.
	SignalBudget = "budget"
	// SignalSuperseded is sent by the workflow of the later registration that took the user over.
	SignalSuperseded = "superseded"
	// SignalUndelivered is sent by the API when a provider reported that a code did not arrive: Undelivered. The same code
	// is sent again if it is the last one and can still be entered. Repeating the signal is harmless.
	SignalUndelivered = "undelivered"
)

// Search attributes of RegistrationWorkflow, all of type Keyword.
const (
	AttributeStatus        = "RegistrationStatus" // accepted, or the RegistrationStatus that is out of the ordinary
	AttributeFailureReason = "FailureReason"      // a FailureReason while the status is failed, else absent
	AttributeEmailHash     = "EmailHash"          // keyed hash of the canonical email
)

// RegistrationWorkflowID is the id of the workflow that runs a registration.
func RegistrationWorkflowID(registrationID string) string { return "registration-" + registrationID }

// RegistrationStatus is where a registration stands.
type RegistrationStatus string

// The statuses of a registration.
const (
	StatusAccepted   RegistrationStatus = "accepted"             // durable, the user is not stored yet
	StatusPending    RegistrationStatus = "pending_verification" // stored, waits for the code
	StatusActive     RegistrationStatus = "active"               // verified
	StatusRejected   RegistrationStatus = "rejected"             // broke a rule that the database decides
	StatusSuperseded RegistrationStatus = "superseded"           // a later registration with the same email owns the user
	StatusExpired    RegistrationStatus = "expired"              // never verified; email and username are free again
	StatusFailed     RegistrationStatus = "failed"               // a step used up its budget and waits for an operator
)

// Final is true for a registration that has ended and that no operator can continue.
func (s RegistrationStatus) Final() bool {
	return s == StatusActive || s == StatusRejected || s == StatusSuperseded || s == StatusExpired
}

// FailureReason says why a registration waits for an operator.
type FailureReason string

// The failure reasons.
const (
	ReasonDatabaseUnavailable FailureReason = "database_unavailable"
	ReasonSMSRejected         FailureReason = "sms_rejected"      // the number cannot be reached
	ReasonSMSMisconfigured    FailureReason = "sms_misconfigured" // the provider refuses the account
	ReasonSMSUnavailable      FailureReason = "sms_unavailable"
	ReasonEmailRejected       FailureReason = "email_rejected"      // the address cannot be reached
	ReasonEmailMisconfigured  FailureReason = "email_misconfigured" // the provider refuses the account
	ReasonEmailUnavailable    FailureReason = "email_unavailable"
	ReasonInternal            FailureReason = "internal_error" // a defect: the activity's error says which
)

// failureReasons lists every reason, to tell them from other application errors.
var failureReasons = []FailureReason{
	ReasonDatabaseUnavailable,
	ReasonSMSRejected, ReasonSMSMisconfigured, ReasonSMSUnavailable,
	ReasonEmailRejected, ReasonEmailMisconfigured, ReasonEmailUnavailable,
	ReasonInternal,
}

// RegistrationInput starts RegistrationWorkflow.
type RegistrationInput struct {
	RegistrationID string
	Profile        user.Profile
	PasswordHash   string // argon2id in PHC format; the password itself never leaves the API
	RequestedAt    time.Time
	// Fingerprint is a keyed hash of the request, with the password as PasswordHash; it tells a repeated request from another
	// one under the same idempotency key.
	Fingerprint string
	// OTPKeyID is the key that derives this registration's codes, fixed so that a key rotation changes no code.
	OTPKeyID uint32
	// CodeDigests are the keyed hashes of the codes with sequence 1, 2, …: the workflow compares them with the digest
	// of a typed code and can neither derive nor reveal a code. There are CodesOf(Policy); more are never sent.
	CodeDigests []string
	// DestinationKey is a keyed hash of where codes go, by which the API bounds them. RegistrationState has that of the
	// destination in force; empty in histories of releases that had none.
	DestinationKey string `json:",omitempty"`
	Policy         Policy
}

func (in RegistrationInput) registration() user.Registration {
	return user.Registration{
		ID: in.RegistrationID, Profile: in.Profile, PasswordHash: in.PasswordHash, RequestedAt: in.RequestedAt,
	}
}

// Policy is the product's patience, fixed for a registration when it starts.
type Policy struct {
	CodeTries          int           // wrong codes allowed for each code sent; one counts for all that can be entered
	Resends            int           // codes sent after the first
	ResendCooldown     time.Duration // between two codes
	CodeTTL            time.Duration // each code's life, from when it was sent
	VerificationWindow time.Duration // how long an unverified registration is kept
	ParkingTime        time.Duration // how long a failed step waits for an operator
	Budgets            Budgets
	// PersistLocally runs the first tries of storing the user inside the workflow task, which saves a round trip
	// through the server.
	PersistLocally bool
}

// CodesOf is how many codes a registration may need: those of its policy, and as many again for a run that an operator
// started anew by a reset, which goes on counting where the failed one stopped.
func CodesOf(p Policy) int { return 2 * (1 + p.Resends) }

// Budgets bound how long each step is retried before it waits for an operator.
type Budgets struct {
	Store        time.Duration // PersistUser, ActivateUser, ExpireUser, RecordMessage
	OTP          time.Duration
	WelcomeEmail time.Duration
	Completion   time.Duration
	Campaign     time.Duration // SendCampaignBatch; a campaign's, and 0 in a registration's
}

// Persisted is the result of UpdatePersisted.
type Persisted struct {
	Status       RegistrationStatus // pending_verification, active, rejected or superseded
	UserID       string             // empty when the registration was refused
	Refusal      user.Code          // why, when it was refused
	Fingerprint  string             // of the request that started the registration
	Verification Verification
}

// Verification tells how and until when a registration can be verified.
type Verification struct {
	Channel     message.Channel
	Destination string    // masked
	ExpiresAt   time.Time // of the code sent last
	ResendAfter time.Time // when the next code may be asked for
}

// VerifyInput is a typed code, as the digests that it would have under each key in use.
type VerifyInput struct{ Digests []string }

// VerifyResult is what a typed code came to.
type VerifyResult struct {
	Active       bool
	AttemptsLeft int // of the code sent last, when not active
}

// ResendInput asks for a new code. Codes to the same destination can still be entered; those to another one end.
type ResendInput struct {
	Mobile         string // E.164; replaces the number to write to when not empty
	DestinationKey string `json:",omitempty"` // of Mobile
}

// Undelivered is the input of SignalUndelivered.
type Undelivered struct {
	Kind     message.Kind
	Sequence int
	Provider string // that reported it
}

// RegistrationState is the result of QueryState.
type RegistrationState struct {
	Status       RegistrationStatus
	Reason       FailureReason // set while a step waits for an operator, also when the person is not affected
	UserID       string
	Refusal      user.Code
	Fingerprint  string
	Activating   bool // the code was right, the database has not confirmed yet
	AttemptsLeft int
	Verification Verification

	DestinationKey string `json:",omitempty"` // of where the next code goes
}

// RegistrationResult is how RegistrationWorkflow ended: what QueryState answers then, which needs no worker any more.
type RegistrationResult struct {
	Status       RegistrationStatus
	UserID       string
	Refusal      user.Code
	Fingerprint  string
	Verification Verification
}

// Activities are the steps of the workflows. Every one is idempotent.
type Activities interface {
	// PersistUser stores the user. A broken rule is not an error: it is in the result.
	PersistUser(context.Context, PersistInput) (PersistResult, error)
	// ActivateUser makes the user active. Superseded is in the result.
	ActivateUser(context.Context, ActivateInput) (ActivateResult, error)
	// ExpireUser deletes the user unless it became active.
	ExpireUser(context.Context, ExpireInput) (ExpireResult, error)
	// SendOTP sends the code with the given sequence, at most once as far as the ledger knows. A code that was reported
	// undelivered is sent by a provider that has not reported it so.
	SendOTP(context.Context, OTPInput) (SendResult, error)
	// SendWelcomeEmail sends the welcome email, at most once as far as the ledger knows, unless its address takes none.
	SendWelcomeEmail(context.Context, NoticeInput) (SendResult, error)
	// SendCompletionSMS sends the SMS after activation, at most once as far as the ledger knows.
	SendCompletionSMS(context.Context, NoticeInput) (SendResult, error)
	// RecordMessage writes to the ledger what a step that sends a message could not.
	RecordMessage(context.Context, RecordInput) (RecordResult, error)
	CampaignActivities
}

// PersistInput is the input of PersistUser.
type PersistInput struct{ Registration user.Registration }

// PersistResult is the result of PersistUser.
type PersistResult struct {
	Persisted user.Persisted
	Refusal   user.Code // the rule that the registration broke, if any
	CodesSent int       // sequence of the last code that an earlier run of the registration sent; usually 0
}

// ActivateInput is the input of ActivateUser.
type ActivateInput struct{ Activation user.Activation }

// ActivateResult is the result of ActivateUser.
type ActivateResult struct {
	Superseded bool
	// TakenBack is the id of a later registration that had taken the user over since the code was entered; usually empty.
	TakenBack string
}

// ExpireInput is the input of ExpireUser.
type ExpireInput struct{ RegistrationID string }

// ExpireResult is the result of ExpireUser.
type ExpireResult struct{}

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
	CodeTTL        time.Duration
}

// NoticeInput is the input of a step that sends a message without a code.
type NoticeInput struct {
	RegistrationID string
	UserID         string
	To             string
	FirstName      string
	Locale         string
	RequestedAt    time.Time // of the registration; zero in histories of releases that did not tell it
}

// Try is what an activity's last try came to: the detail of its application error.
type Try struct {
	Number   int    // counts from 1
	Provider string // who refused the message; empty when it was not a provider
	Code     string // the provider's own code
}

// SendResult is the result of a step that sends a message.
type SendResult struct {
	// Receipt is empty when the ledger had the message already, or the message was left out.
	Receipt message.Receipt
	// Suppressed is why the message was left out: its address takes none; usually empty.
	Suppressed message.SuppressionReason
	// Unrecorded is the message's entry when a provider took it and the ledger could not be written; usually nil.
	Unrecorded *message.Entry `json:",omitempty"`
}

// RecordInput is the input of RecordMessage.
type RecordInput struct{ Entry message.Entry }

// RecordResult is the result of RecordMessage.
type RecordResult struct {
	Undelivered bool // the provider had reported so before the ledger had the message
}
