package user

import "time"

// ChangeKind is what a change does to a stored user.
type ChangeKind string

// The kinds of changes.
const (
	ChangeUpdate  ChangeKind = "update"  // sets the fields of Change
	ChangeConsent ChangeKind = "consent" // sets Change.MarketingConsent, for a link or an operator
	ChangeBlock   ChangeKind = "block"
	ChangeUnblock ChangeKind = "unblock"
	ChangeErase   ChangeKind = "erase" // deletes everything about the user
)

// Change is new values of a user's fields. nil keeps a field. The values are checked and normalised.
type Change struct {
	FirstName        *string `json:",omitempty"`
	LastName         *string `json:",omitempty"`
	Locale           *string `json:",omitempty"`
	MarketingConsent *bool   `json:",omitempty"`
	// Attributes are the fields of the service's own that change. The others stay.
	Attributes AttributeChange `json:",omitempty"`
}

// ChangeRequest is one change of a stored user.
type ChangeRequest struct {
	// ID identifies the change. The same change is made and recorded once.
	ID     string
	UserID string
	Kind   ChangeKind
	// Actor made the change: the name of an operator's token, or the source of a change of consent, such as "link".
	Actor string
	At    time.Time
	Set   Change // for ChangeUpdate and ChangeConsent
}

// ChangeOutcome is how a change has ended.
type ChangeOutcome string

// The outcomes of changes.
const (
	ChangeDone     ChangeOutcome = "done" // also if the user already had the values
	ChangeNotFound ChangeOutcome = "not_found"
	ChangeConflict ChangeOutcome = "conflict" // the user's status does not allow the change
)

// ChangeResult is the result of a change.
type ChangeResult struct {
	Outcome  ChangeOutcome
	Conflict Code `json:",omitempty"` // why, if the outcome is a conflict
	// Announced are the user's events; empty if there are none.
	Announced []Announced `json:",omitempty"`
}
