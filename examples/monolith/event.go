package main

import "encoding/json"

// event is an event of Registrar (docs/events.md). The example declares only the fields that it uses, as a monolith would:
// later versions of Registrar may add fields and types.
type event struct {
	Type string `json:"type"`
	Data struct {
		RegistrationID string `json:"registration_id"` // every user has exactly one, and it never changes
		UserID         string `json:"user_id"`
		Sequence       int    `json:"sequence"` // counts the events of the registration from 1
		User           *user  `json:"user"`     // after the change; nil if there is none any more
	} `json:"data"`
}

// The statuses of users that matter for the login. A user is active after the right code, and until an operator blocks it.
const (
	statusActive  = "active"
	statusBlocked = "blocked"
)

// user is a user in an event.
type user struct {
	Status           string          `json:"status"`
	Email            string          `json:"email"` // empty if another user has proven the address
	EmailVerified    bool            `json:"email_verified"`
	Username         string          `json:"username"`
	MobileNumber     string          `json:"mobile_number"`
	MobileVerified   bool            `json:"mobile_verified"`
	FirstName        string          `json:"first_name"`
	LastName         string          `json:"last_name"`
	Locale           string          `json:"locale"`
	MarketingConsent bool            `json:"marketing_consent"`
	Attributes       json.RawMessage `json:"attributes"`
	PasswordHash     string          `json:"password_hash"`
}
