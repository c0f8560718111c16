// Package audit defines the trail of what operators did with users: who read and changed which user, and when. An entry has the
// names of fields, never their values, so it holds no personal data and outlives the user.
package audit

import "time"

// Action is what an operator did.
type Action string

// The actions.
const (
	UserRead      Action = "user.read"   // one user was read
	UserSearched  Action = "user.search" // users were searched or listed
	UserExported  Action = "user.export" // everything that is kept of a user was read
	UserUpdated   Action = "user.update"
	UserConsented Action = "user.consent" // the user withdrew the consent to campaigns, by a link
	UserBlocked   Action = "user.block"
	UserUnblocked Action = "user.unblock"
	UserErased    Action = "user.erase"
	EventRead     Action = "event.read"   // one event was read, with its user
	EventReplayed Action = "event.replay" // events were delivered again
)

// Actions lists every action.
var Actions = []Action{
	UserRead, UserSearched, UserExported, UserUpdated, UserConsented, UserBlocked, UserUnblocked, UserErased,
	EventRead, EventReplayed,
}

// MaxActor is the maximum length of an actor, in bytes.
const MaxActor = 64

// Entry is one act of an operator.
type Entry struct {
	ID     string // a UUID: of the change, or a new one
	At     time.Time
	Actor  string // the name of an operator's token, cli:NAME for a command, or the source of the user's own change
	Action Action
	UserID string // empty for searches
	Detail Detail
}

// Detail is what an entry says beyond its action.
type Detail struct {
	// Fields are the names of the fields that were changed, or by which users were searched.
	Fields []string `json:"fields,omitempty"`
	// Users is the number of users that a search returned.
	Users *int `json:"users,omitempty"`
}

// Filter selects entries. The zero value selects all.
type Filter struct {
	Actor, UserID string    // empty: all
	Since, Until  time.Time // zero: no bound; Until itself is excluded
}

// Cursor is the position behind an entry in the trail, newest first. The zero value is the beginning.
type Cursor struct {
	At time.Time
	ID string
}

// Cursor returns the position behind the entry.
func (e Entry) Cursor() Cursor { return Cursor{At: e.At, ID: e.ID} }
