// Package user is the registering person as the rest of the service sees one: the fields, the rules they must
// pass, and the coded errors that say which rule was broken. It does no I/O.
package user

import "time"

// Status is where a stored user stands.
type Status string

// The statuses of a stored user. A user that never verifies is deleted, so there is no status for it.
const (
	StatusPending Status = "pending_verification" // the code has not been entered yet
	StatusActive  Status = "active"
)

// Profile is what a person tells about themselves, after New has checked and normalised it.
type Profile struct {
	FirstName string // 1–30 characters, trimmed
	LastName  string // 1–30 characters, trimmed
	Username  string // empty when none was chosen
	// Email is the address to write to: as typed, with the domain in its ASCII form (IDNA 2008).
	Email string
	// EmailCanonical is Email in lower case; it decides whether two addresses are the same. Dots and +tags are kept.
	EmailCanonical string
	Mobile         string // E.164, empty when none was given
	Locale         string // BCP 47, never empty
	// MarketingConsent says whether campaigns may be sent; consent is never assumed.
	MarketingConsent bool
}

// Registration is one attempt to register: what the store needs to create the user.
type Registration struct {
	ID           string // the registration's id, a UUID
	Profile      Profile
	PasswordHash string // PHC format
	// RequestedAt is when the person asked. Of two unverified registrations with one email, the later owns the user.
	RequestedAt time.Time
}

// Persisted tells what storing a registration came to.
type Persisted struct {
	UserID string
	Status Status
	// Superseded is the id of the registration whose unverified user this one took over; usually empty.
	Superseded string
	// Again is true when the registration had its user before this call. Mobile is the number that the user has then,
	// E.164 or empty: the person may have corrected it since.
	Again  bool
	Mobile string
}

// Activation is the proof that turns a pending user into an active one.
type Activation struct {
	// Registration is the one that was verified. Its user is made again from it when a registration that was requested
	// later, and is not verified, has taken the user over meanwhile.
	Registration Registration
	At           time.Time // when the right code was entered
	// Mobile replaces the stored number when the person corrected it on the way; empty leaves it.
	Mobile string
	// EmailProven is true when the code went by email, which proves the address as well.
	EmailProven bool
}

// Account is what an operator may see of a stored user: no personal data. Times are UTC.
type Account struct {
	UserID         string
	RegistrationID string // the registration that has the user now
	Status         Status
	RequestedAt    time.Time // when the person asked to register
	CreatedAt      time.Time // when the user was stored for this registration
	// VerifiedAt is when the right code was entered, EmailVerifiedAt when the address was proven; zero when not.
	VerifiedAt, EmailVerifiedAt time.Time
}
