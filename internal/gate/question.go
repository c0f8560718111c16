// Package gate asks another system, such as the monolith, whether a user may register. The system is asked before anything
// about the user is stored, and may deny the registration with a text for the user.
package gate

import (
	"net/netip"
	"time"

	"registrar/internal/user"
)

// Question is a registration that the gate decides about.
type Question struct {
	RegistrationID string
	Profile        user.Profile
	// Network is the client's address or network, as rate limits count it. The zero value: it is not known.
	Network netip.Prefix
	// Fingerprint tells requests under one idempotency key apart. It must not reveal the profile. Empty: the request has no
	// idempotency key, and its answer is not stored.
	Fingerprint string
}

// Decision is what the gate decides about a registration.
type Decision string

// The decisions.
const (
	Allow Decision = "allow"
	Deny  Decision = "deny"
)

// Answer is the gate's answer to a question. Everything but the decision belongs to Deny.
type Answer struct {
	Decision Decision `json:"decision"`
	// Code is the gate's own name of the reason.
	Code string `json:"code,omitempty"`
	// Field is the field of the form that the reason is about, such as email or attributes.company. Empty: none.
	Field string `json:"field,omitempty"`
	// Texts are the reason for users, by BCP 47 tags. There is always one for "en".
	Texts map[string]string `json:"texts,omitempty"`
}

// Record is a question under an idempotency key as the store has it.
type Record struct {
	RegistrationID string
	Fingerprint    string
	AskedAt        time.Time
	Answer         *Answer // nil: the gate is being asked
	AnsweredAt     time.Time
}
