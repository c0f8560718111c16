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
)

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
}

// Registration is one request to register: the data for storing the user.
type Registration struct {
	ID           string // the registration's id, a UUID
	Profile      Profile
	PasswordHash string // PHC format
	// RequestedAt is the time of the request. Of two unverified registrations with the same email, the later owns the user.
	RequestedAt time.Time
}

// Persisted is the result of storing a registration.
type Persisted struct {
	UserID string
	Status Status
	// Superseded is the id of the registration whose unverified user this one took over; usually empty.
	Superseded string
	// Again is true if an earlier call stored the user for the same registration. Mobile is then the stored number, E.164
	// or empty, which the user may have corrected since.
	Again  bool
	Mobile string
}

// Activation is the proof that turns a pending user into an active one.
type Activation struct {
	// Registration is the verified registration. The store restores its user from it if a later, unverified registration
	// has taken the user over in the meantime.
	Registration Registration
	At           time.Time // when the right code was entered
	// Mobile replaces the stored number; empty keeps it. It is set when the user corrected the number.
	Mobile string
	// EmailProven is true if the code was sent by email, which also proves the address.
	EmailProven bool
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
}
