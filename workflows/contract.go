// Package workflows has Registrar's workflows and their contract for other processes: names, ids, inputs and results.
// Workflow code is deterministic: no I/O, no clock, no random numbers.
package workflows

import (
	"context"
	"time"

	"registrar/internal/message"
	"registrar/internal/user"
)

// The task queues. Each can have its own workers, so that a code never waits behind a welcome email.
const (
	QueueRegistration      = "registration"       // workflows and the user store
	QueueNotificationsHigh = "notifications-high" // one-time codes
	QueueNotificationsLow  = "notifications-low"  // all other messages
)

// Queues lists every task queue.
var Queues = []string{QueueRegistration, QueueNotificationsHigh, QueueNotificationsLow}

// Names for clients of RegistrationWorkflow.
const (
	RegistrationWorkflowType = "RegistrationWorkflow"

	UpdatePersisted = "persisted" // waits until the user is stored or refused: Persisted
	UpdateVerify    = "verify"    // enters a code: VerifyInput → VerifyResult
	UpdateResendOTP = "resendOTP" // sends a new code: ResendInput → Verification
	QueryState      = "state"     // RegistrationState
	SignalRetry     = "retry"     // runs the failed steps again
	SignalAbandon   = "abandon"   // ends a registration with failed steps as failed, at once
	// SignalBudget changes the retry budgets. Its input is text such as "otp=90m welcome_email=48h", with otp,
	// welcome_email, completion_sms or store. A running step that uses up its old budget continues for the new one, if the
	// new one is longer. Steps that start later, or are retried by an operator, use the new budget.
	SignalBudget = "budget"
	// SignalSuperseded is sent by the workflow of the later registration that took the user over.
	SignalSuperseded = "superseded"
	// SignalUndelivered is sent by the API when a provider reported that a code did not arrive. Its input is Undelivered. The
	// code is sent again if it is the last one and can still be entered. Repeating the signal is harmless.
	SignalUndelivered = "undelivered"
)

// Search attributes of RegistrationWorkflow, all of type Keyword.
const (
	AttributeStatus        = "RegistrationStatus" // rejected, superseded, expired or failed; otherwise accepted
	AttributeFailureReason = "FailureReason"      // a FailureReason while the status is failed; otherwise absent
	AttributeEmailHash     = "EmailHash"          // keyed hash of the canonical email
)

// RegistrationWorkflowID is the id of the workflow that runs a registration.
func RegistrationWorkflowID(registrationID string) string { return "registration-" + registrationID }

// RegistrationStatus is the status of a registration.
type RegistrationStatus string

// The statuses of a registration.
const (
	StatusAccepted   RegistrationStatus = "accepted"             // durable, but the user is not stored yet
	StatusPending    RegistrationStatus = "pending_verification" // the user is stored; waits for the code
	StatusActive     RegistrationStatus = "active"               // verified
	StatusRejected   RegistrationStatus = "rejected"             // the database refused it by a rule
	StatusSuperseded RegistrationStatus = "superseded"           // a later registration with the same email owns the user
	StatusExpired    RegistrationStatus = "expired"              // not verified in time; email and username are free again
	StatusFailed     RegistrationStatus = statusFailed           // a step used up its budget and waits for an operator
)

// statusFailed is the status of a registration or a campaign while a step waits for an operator, and if it was abandoned.
const statusFailed = "failed"

// Final reports whether a registration has ended so that no operator can continue it.
func (s RegistrationStatus) Final() bool {
	return s == StatusActive || s == StatusRejected || s == StatusSuperseded || s == StatusExpired
}

// FailureReason is why a registration waits for an operator.
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
	ReasonInternal            FailureReason = "internal_error" // a defect; see the activity's error
)

// failureReasons lists every reason, to distinguish them from other types of application errors.
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
	// Fingerprint is a keyed hash of the request, with PasswordHash instead of the password. It distinguishes a repeated
	// request from a different one under the same idempotency key.
	Fingerprint string
	// OTPKeyID is the key that derives this registration's codes. It is fixed, so that a key rotation changes no code.
	OTPKeyID uint32
	// CodeDigests are the keyed hashes of the codes with sequence 1, 2, … The workflow compares them with the digest of a
	// typed code; it can neither derive nor reveal a code. There are CodesOf(Policy) digests, so at most as many codes.
	CodeDigests []string
	// DestinationKey is the keyed hash of the codes' destination, under which the API counts them. RegistrationState has the
	// key of the current destination.
	DestinationKey string
	Policy         Policy
}

func (in RegistrationInput) registration() user.Registration {
	return user.Registration{
		ID: in.RegistrationID, Profile: in.Profile, PasswordHash: in.PasswordHash, RequestedAt: in.RequestedAt,
	}
}

// Policy has the limits and times of a registration, fixed when it starts.
type Policy struct {
	CodeAttempts       int           // wrong codes allowed per code sent; a wrong code counts for all codes that can be entered
	Resends            int           // codes sent after the first
	ResendCooldown     time.Duration // between two codes
	CodeTTL            time.Duration // each code's lifetime, from when it was sent
	VerificationWindow time.Duration // how long an unverified registration is kept
	ParkingTime        time.Duration // how long a failed step waits for an operator
	Budgets            Budgets
	// PersistLocally makes the first attempts to store the user inside the workflow task, which saves a round trip through
	// the server.
	PersistLocally bool
}

// CodesOf returns how many codes a registration may need: those of its policy, and as many again for a run after an
// operator's reset, which continues the sequence of the failed run.
func CodesOf(p Policy) int { return 2 * (1 + p.Resends) }

// Budgets are the retry budgets: how long each step is retried before it waits for an operator.
type Budgets struct {
	Store        time.Duration // PersistUser, ActivateUser, ExpireUser, RecordMessage
	OTP          time.Duration
	WelcomeEmail time.Duration
	Completion   time.Duration
	Campaign     time.Duration // SendCampaignBatch; 0 in registrations
}

// Persisted is the result of UpdatePersisted. Its status is pending_verification, active, rejected or superseded.
type Persisted struct{ Outcome }

// Outcome is what a client may learn of a registration, while it runs and after it has ended.
type Outcome struct {
	Status       RegistrationStatus
	UserID       string    // empty until the user is stored, and if the registration was refused
	Refusal      user.Code // the broken rule, if it was refused
	Fingerprint  string    // of the request that started the registration
	Verification Verification
}

// Verification is how and until when a registration can be verified.
type Verification struct {
	Channel     message.Channel
	Destination string    // masked
	ExpiresAt   time.Time // of the code sent last
	ResendAfter time.Time // when the next code may be requested
}

// VerifyInput is a typed code, as its digests under each key in use.
type VerifyInput struct{ Digests []string }

// VerifyResult is the result of UpdateVerify.
type VerifyResult struct {
	Active       bool
	AttemptsLeft int // of the last code, if not active
}

// ResendInput requests a new code. Earlier codes to the same destination can still be entered; codes to another one end.
type ResendInput struct {
	Mobile         string // E.164; if not empty, it replaces the user's number
	DestinationKey string // of Mobile
}

// Undelivered is the input of SignalUndelivered.
type Undelivered struct {
	Kind     message.Kind
	Sequence int
	Provider string // the provider that reported it
}

// RegistrationState is the result of QueryState.
type RegistrationState struct {
	Outcome
	Reason         FailureReason // set while a step waits for an operator, even if the user is not affected
	Activating     bool          // the code was right, but the database has not confirmed yet
	AttemptsLeft   int
	DestinationKey string // of the next code's destination
}

// RegistrationResult is the result of RegistrationWorkflow. It has what QueryState answers, but can be read without a worker.
type RegistrationResult struct{ Outcome }

// Activities are the steps of the workflows. Each is idempotent.
type Activities interface {
	// PersistUser stores the user. A broken rule is in the result; it is not an error.
	PersistUser(context.Context, PersistInput) (PersistResult, error)
	// ActivateUser makes the user active. If another registration owns the user, Superseded is in the result.
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
	// RecordMessage writes a sent message to the ledger, after the step that sent it could not.
	RecordMessage(context.Context, RecordInput) (RecordResult, error)
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
	// TakenBack is the id of a later registration that had taken the user over since the code was entered; otherwise empty.
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
	RequestedAt    time.Time // of the registration
}

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
