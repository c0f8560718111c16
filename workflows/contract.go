// Package workflows has Registrar's workflows and their contract for other processes: names, ids, inputs and results.
// Workflow code is deterministic: no I/O, no clock, no random numbers.
package workflows

import (
	"crypto/subtle"
	"slices"
	"time"

	"registrar/internal/message"
	"registrar/internal/user"
)

// The task queues. Each can have its own workers, so that a code never waits behind a welcome email.
const (
	QueueRegistration      = "registration"       // workflows and the user store
	QueueNotificationsHigh = "notifications-high" // one-time codes
	QueueNotificationsLow  = "notifications-low"  // all other messages
	QueueEvents            = "events"             // events for other systems
)

// Queues lists every task queue.
var Queues = []string{QueueRegistration, QueueNotificationsHigh, QueueNotificationsLow, QueueEvents}

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
	// welcome_email, completion_sms, events or store. A running step that uses up its old budget continues for the new one, if the
	// new one is longer. Steps that start later, or are retried by an operator, use the new budget.
	SignalBudget = "budget"
	// SignalSuperseded is sent when the owner of the email has proven it in another registration, or disowned this one.
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
	StatusSuperseded RegistrationStatus = "superseded"           // the owner of the email proved it elsewhere, or disowned this
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
	ReasonLimitsUnavailable   FailureReason = "limits_unavailable" // the store of rate limits does not answer
	ReasonTemporalUnavailable FailureReason = "temporal_unavailable"
	ReasonEventUndelivered    FailureReason = "event_undelivered" // an endpoint does not accept an event
	ReasonInternal            FailureReason = "internal_error"    // a defect; see the activity's error
)

// FailureReasons lists every reason, which distinguishes them from other types of application errors.
var FailureReasons = []FailureReason{
	ReasonDatabaseUnavailable,
	ReasonSMSRejected, ReasonSMSMisconfigured, ReasonSMSUnavailable,
	ReasonEmailRejected, ReasonEmailMisconfigured, ReasonEmailUnavailable,
	ReasonLimitsUnavailable, ReasonTemporalUnavailable,
	ReasonEventUndelivered,
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
	CodeDigests  []string
	Destinations DestinationKeys
	Policy       Policy
}

func (in RegistrationInput) registration() user.Registration {
	return user.Registration{
		ID: in.RegistrationID, Profile: in.Profile, PasswordHash: in.PasswordHash, RequestedAt: in.RequestedAt,
		Concealed: in.Policy.Conceal,
	}
}

// DestinationKeys are the keyed hashes of the destinations of codes, under which the API counts them.
type DestinationKeys struct {
	Email  string
	Mobile string // empty if there is no number
}

// Of returns the key of a channel's destination.
func (k DestinationKeys) Of(channel message.Channel) string {
	if channel == message.ChannelSMS {
		return k.Mobile
	}
	return k.Email
}

// Verify is what makes an account active.
type Verify string

// The ways to verify a registration. An address that somebody else has too, or that must not reveal whether it has an
// account, is always proven by a code to it.
const (
	VerifySMS   Verify = "sms"   // a code by SMS if the user gave a number, or else by email
	VerifyEmail Verify = "email" // a code by email
	VerifyBoth  Verify = "both"  // a code by email and then, if the user gave a number, one by SMS
)

// Policy has the limits and times of a registration, fixed when it starts.
type Policy struct {
	Verify Verify
	// Conceal makes the registration of an address that has an account look like any other. The first code goes by email.
	Conceal            bool
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

// CodesOf returns how many codes a registration may need: one for the email, one for the number, and the resends; and as many
// again for a run after an operator's reset, which continues the sequence of the failed run.
func CodesOf(p Policy) int { return 2 * (2 + p.Resends) }

// Budgets are the retry budgets: how long each step is retried before it waits for an operator.
type Budgets struct {
	Store        time.Duration // PersistUser, ActivateUser, ExpireUser, RecordMessage, RecordEvent
	OTP          time.Duration
	WelcomeEmail time.Duration
	Completion   time.Duration
	// Events is for DeliverEvents. 0 if the service has no endpoint for events: then a failed registration announces nothing.
	Events   time.Duration `json:",omitempty"`
	Campaign time.Duration // SendCampaignBatch; 0 in registrations
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
	// EmailVerified is true if a code proved the email. A link can prove it later.
	EmailVerified bool
	CodeDigest    string // of the code that completed the verification; empty before
}

// Accepts reports whether the typed code is the one that completed the verification. It lets a client repeat its request.
func (o Outcome) Accepts(in VerifyInput) bool {
	return o.CodeDigest != "" && in.is(o.CodeDigest)
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

// is reports whether the typed code has the digest.
func (in VerifyInput) is(digest string) bool {
	return slices.ContainsFunc(in.Digests, func(typed string) bool {
		return subtle.ConstantTimeCompare([]byte(typed), []byte(digest)) == 1
	})
}

// VerifyResult is the result of UpdateVerify.
type VerifyResult struct {
	Active       bool
	AttemptsLeft int // of the last code, if the typed code was wrong
	// Next is the next code, if the typed code was right but the policy requires another proof; otherwise nil.
	Next *Verification
	// Channel is the channel of the right code; empty if the typed code was wrong.
	Channel message.Channel
	Route   user.Route // of the user's number; the zero value if there is none
}

// ResendInput requests a new code. Earlier codes can still be entered, except those to a number that Mobile replaces.
//
// A code by email is always possible, since it proves the address. A code by SMS, or a new number, in a registration that
// must prove its address is one more proof, not a replacement. With Policy.Conceal, codes go by email until the address is
// proven. If the requested channel has already proven its destination, the code goes by the other one.
type ResendInput struct {
	Channel   message.Channel // empty: by SMS if Mobile is set, or else as the last code
	Mobile    string          // E.164; if not empty, it replaces the user's number
	MobileKey string          // DestinationKeys.Mobile of Mobile
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
	Reason       FailureReason // set while a step waits for an operator, even if the user is not affected
	Activating   bool          // the code was right, but the database has not confirmed yet
	AwaitsCode   bool          // the user can enter a code or ask for another one, even while a step waits for an operator
	AttemptsLeft int
	Destinations DestinationKeys
	Route        user.Route // of the user's number; the zero value if there is none
	// ClosedChannels are those by which no code is sent now, whatever is asked for: the next one then goes by the channel of
	// Verification.
	ClosedChannels []message.Channel
}

// RegistrationResult is the result of RegistrationWorkflow. It has what QueryState answers, but can be read without a worker.
type RegistrationResult struct{ Outcome }
