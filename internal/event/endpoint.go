package event

import (
	"regexp"
	"slices"
)

// DefaultEndpoint is the name of the endpoint that is configured without a name.
const DefaultEndpoint = "default"

// Endpoint is a receiver of events.
type Endpoint struct {
	// Name identifies the endpoint in deliveries and webhook ids. An endpoint with another name is another endpoint, which has
	// received nothing yet.
	Name         string
	URL          string
	Secrets      []string // of Standard Webhooks; each of them signs
	Types        []Type   // the types that it receives
	Whole        bool     // its events have the user's data, not only ids
	PasswordHash bool     // the user's data has the hash of the password
}

// String returns the name, so that a log shows no secret.
func (e Endpoint) String() string { return e.Name }

// Wants reports whether the endpoint receives events of a type.
func (e Endpoint) Wants(t Type) bool { return slices.Contains(e.Types, t) }

var endpointName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// ValidName reports whether name may name an endpoint: 1 to 64 lower-case letters, digits and hyphens.
func ValidName(name string) bool { return endpointName.MatchString(name) }

// RecordingOf returns what must be recorded for endpoints: the types that one of them wants.
func RecordingOf(endpoints []Endpoint) Recording {
	var r Recording
	for _, t := range Types {
		if slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.Wants(t) }) {
			r.Types = append(r.Types, t)
		}
	}
	r.PasswordHash = slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.Whole && e.PasswordHash })
	return r
}
