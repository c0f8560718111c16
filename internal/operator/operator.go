// Package operator defines the tokens of operators.
package operator

// Scope is what a token may be used for.
type Scope string

// The scopes.
const (
	Read      Scope = "read"      // read users, timelines and the audit trail
	Write     Scope = "write"     // change, block and erase users
	Campaigns Scope = "campaigns" // list, start and control campaigns
)

// Scopes lists every scope.
var Scopes = []Scope{Read, Write, Campaigns}

// Operator is a bearer token with the name under which its use is recorded.
type Operator struct {
	Name   string // unique
	Scopes []Scope
	Token  string // unique; never logged
}
