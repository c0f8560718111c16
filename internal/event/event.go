// Package event defines what the rest of the company is told about users: the types of events, the events, and the
// endpoints that receive them.
package event

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Type is the type of an event.
type Type string

// The types of events.
const (
	UserRegistered     Type = "user.registered"      // a user is stored, not verified yet
	UserActivated      Type = "user.activated"       // the user has verified
	UserEmailConfirmed Type = "user.email_confirmed" // the user has proven the email
	UserEmailReleased  Type = "user.email_released"  // an active user has lost an unproven email
	UserExpired        Type = "user.expired"         // a user that never verified is deleted
	UserUpdated        Type = "user.updated"         // an operator has changed names, locale or attributes
	UserBlocked        Type = "user.blocked"
	UserUnblocked      Type = "user.unblocked"
	UserErased         Type = "user.erased"         // everything about the user is deleted
	RegistrationFailed Type = "registration.failed" // a registration has failed for good
	ConsentChanged     Type = "consent.changed"     // the consent to campaigns
)

// Types lists every type.
var Types = []Type{
	UserRegistered, UserActivated, UserEmailConfirmed, UserEmailReleased, UserExpired, UserUpdated, UserBlocked, UserUnblocked,
	UserErased, RegistrationFailed, ConsentChanged,
}

// The reasons of UserEmailReleased and UserExpired. The reason of RegistrationFailed is a workflows.FailureReason.
const (
	ReasonProvenElsewhere = "proven_elsewhere" // another user has proven the email
	ReasonSuperseded      = "superseded"       // another user has proven the email, and this one had not verified
	ReasonDisowned        = "disowned"         // the owner of the email did not register
	ReasonNotVerified     = "not_verified"     // not in time
	ReasonCancelled       = "cancelled"        // an operator cancelled the registration
)

// Event is one change of a user.
type Event struct {
	ID             string // a UUIDv7
	Type           Type
	At             time.Time
	RegistrationID string
	UserID         string // empty if the registration has no user
	Sequence       int    // counts the user's events from 1
	Reason         string // see the reasons; empty for other types
	Imported       bool   // the event is about a user who was imported
	// User is the user after the change. It is nil if there is none any more.
	User *User
}

// FirstID returns the lowest id that an event of a time can have.
func FirstID(t time.Time) string {
	ms := t.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-000000000000", ms>>16, ms&0xffff)
}

// User is a user as an event tells it.
type User struct {
	Status           string          `json:"status"`
	Email            string          `json:"email,omitempty"` // empty if the user has lost it
	EmailVerified    bool            `json:"email_verified"`
	Username         string          `json:"username,omitempty"`
	MobileNumber     string          `json:"mobile_number,omitempty"` // E.164
	MobileVerified   bool            `json:"mobile_verified"`
	FirstName        string          `json:"first_name"`
	LastName         string          `json:"last_name"`
	Locale           string          `json:"locale"`
	MarketingConsent bool            `json:"marketing_consent"`
	ConsentAt        *time.Time      `json:"consent_at,omitempty"` // of the last change
	TermsVersion     string          `json:"terms_version,omitempty"`
	TermsAcceptedAt  *time.Time      `json:"terms_accepted_at,omitempty"`
	Attributes       json.RawMessage `json:"attributes,omitempty"` // an object
	PasswordHash     string          `json:"password_hash,omitempty"`
	RequestedAt      time.Time       `json:"requested_at"`
	VerifiedAt       *time.Time      `json:"verified_at,omitempty"`
	UpdatedAt        time.Time       `json:"updated_at"`
}

// Recording is which events the store records. The zero value records none.
type Recording struct {
	Types        []Type
	PasswordHash bool // events have the hash of the password
}

// Records reports whether events of a type are recorded.
func (r Recording) Records(t Type) bool { return slices.Contains(r.Types, t) }

// DeliveryStatus is how the delivery of an event to an endpoint has ended.
type DeliveryStatus string

// The ends of a delivery.
const (
	Delivered DeliveryStatus = "delivered"
	Gone      DeliveryStatus = "gone" // the endpoint answered 410: it does not want the event
)

// Delivery is the end of an event's delivery to an endpoint.
type Delivery struct {
	EventID  string
	Endpoint string // its name
	Status   DeliveryStatus
	At       time.Time
}

// Filter selects events. The zero value selects all.
type Filter struct {
	Since, Until   time.Time // zero: no bound
	Types          []Type    // empty: all
	UserID         string    // empty: all
	RegistrationID string    // empty: all
	// Undelivered selects only events that one of these endpoints wants and has not received. Empty: all. It has secrets, so it is
	// not part of what is encoded.
	Undelivered []Endpoint `json:"-"`
}
