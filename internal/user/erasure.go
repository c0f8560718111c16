package user

import (
	"time"

	"github.com/google/uuid"
)

// ErasureID is the id of the erasure of a user or a registration, and of its receipt. There is one for each.
func ErasureID(id string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("registrar/erasure/"+id)).String()
}

// Subject is whom an erasure is about: a user, a registration without a user, or both.
type Subject struct {
	UserID         string // empty if the registration never had a user
	RegistrationID string
	// Email is the canonical email, and Mobile the number in E.164; empty if there are none, or no user any more. They must not
	// leave the process.
	Email, Mobile string `json:"-"`
	// HoldsEmail is true if the user has proven the email.
	HoldsEmail bool
}

// Erasure is the request to delete everything about a user.
type Erasure struct {
	ID    string // the receipt's id
	Actor string
	At    time.Time
	// UserID and RegistrationID are of the subject. Registrations are earlier ones of the same person, without a user.
	UserID         string
	RegistrationID string
	Registrations  []string
}

// Receipt confirms an erasure. It has no personal data.
type Receipt struct {
	ID             string
	UserID         string
	RegistrationID string
	Actor          string
	RequestedAt    time.Time
	CompletedAt    time.Time      // zero while the erasure is not complete
	Counts         map[string]int // of deleted rows, by table
}
