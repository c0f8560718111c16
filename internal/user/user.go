// Package user defines a user: the fields, the rules for them, and the coded errors that name a broken rule. It does no
// I/O.
package user

import "time"

// Status is the status of a stored user.
type Status string

// The statuses of a stored user. A user that never verifies is deleted, so there is no status for it.
const (
	StatusPending Status = "pending_verification" // the code has not been entered yet
	StatusActive  Status = "active"
	StatusBlocked Status = "blocked" // was active; an operator has blocked it
)

// Statuses lists every status.
var Statuses = []Status{StatusPending, StatusActive, StatusBlocked}

// Profile is a user's data, checked and normalised by New.
type Profile struct {
	FirstName string // 1–30 characters, trimmed
	LastName  string // 1–30 characters, trimmed
	Username  string // may be empty
	// Email is the address for sending: as typed, with the domain in its ASCII form (IDNA 2008).
	Email string
	// EmailCanonical is Email in lower case, with dots and +tags kept. It decides whether two addresses are equal.
	EmailCanonical string
	Mobile         string // E.164; may be empty
	Locale         string // BCP 47, never empty
	// MarketingConsent is true only if the user agreed to campaigns.
	MarketingConsent bool
	// TermsVersion is the version of the terms that the user accepted; empty if there were none.
	TermsVersion string `json:",omitempty"`
	// Attributes are the fields of the service's own, as a JSON object in canonical form; empty if there are none.
	Attributes string `json:",omitempty"`
}

// Registration is one request to register: the data for storing the user.
type Registration struct {
	ID           string // the registration's id, a UUID
	Profile      Profile
	PasswordHash string    // PHC format
	RequestedAt  time.Time // when the user asked to register
	// Concealed registrations are stored even if another user holds the email, so that the answer does not reveal it.
	Concealed bool
}

// Persisted is the result of storing a registration.
type Persisted struct {
	UserID string
	Status Status
	// Contested is true if another user has the email, and Held if another user has proven it.
	Contested, Held bool
	// EmailVerified is true if the user itself has proven the email.
	EmailVerified bool
	// Again is true if an earlier call stored the user for the same registration. Mobile is then the stored number, E.164
	// or empty, which the user may have corrected since.
	Again  bool
	Mobile string
	// Announced is the sequence of the user's last event, 0 if it has none.
	Announced int `json:",omitempty"`
}

// Activation is the proof that turns a pending user into an active one.
type Activation struct {
	Registration Registration
	At           time.Time // when the right code was entered
	// Mobile replaces the stored number; empty keeps it. It is set when the user corrected the number.
	Mobile string
	// EmailProven and MobileProven are true if a code was entered that was sent to the email, or to the number.
	EmailProven, MobileProven bool
}

// Displaced are the registrations whose users lost an unproven email to the user who has proven it.
type Displaced struct {
	Superseded []string // registrations whose pending users were deleted
	Released   []string // registrations whose active users continue without an email
	// Announced are the events of the change, of the user itself and of those who lost the email.
	Announced []Announced `json:",omitempty"`
}

// Account is a stored user as operators may see it, without personal data. Times are UTC.
type Account struct {
	UserID         string
	RegistrationID string // the registration that has the user now
	Status         Status
	RequestedAt    time.Time // when the user asked to register
	CreatedAt      time.Time // when the user was stored for this registration
	// VerifiedAt is when the right code was entered, and EmailVerifiedAt when the email was proven; zero if not yet.
	VerifiedAt, EmailVerifiedAt time.Time
	// EmailReleasedAt is when the user lost an unproven email to another user; zero if it did not.
	EmailReleasedAt time.Time
	// TermsVersion is the version of the terms that the user accepted, and TermsAcceptedAt when; zero if there were none.
	TermsVersion    string
	TermsAcceptedAt time.Time
}

// Contact is how to reach a stored user.
type Contact struct {
	UserID         string
	RegistrationID string
	Email          string // for sending; empty if the user lost it
	EmailCanonical string
	Mobile         string // E.164; may be empty
	FirstName      string
	Locale         string
	Attributes     string // as in Profile
}
