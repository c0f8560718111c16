package event

import (
	"fmt"
	"slices"
	"time"
)

// Replay selects events that are delivered again.
type Replay struct {
	Filter      Filter
	Undelivered bool     // only events that the endpoint has not received
	Endpoints   []string // their names; empty: all
}

// ReplayError is a mistake in a Replay.
type ReplayError struct{ Field, Message string }

func (e *ReplayError) Error() string { return e.Field + " " + e.Message }

// For returns the replay with the names of its endpoints, of those that are configured, and with an end: without one, it has the
// events until now. It returns a *ReplayError if the replay cannot be. A replay of all events of all users must say so by a time.
func (r Replay) For(configured []Endpoint, now time.Time) (Replay, error) {
	if len(configured) == 0 {
		return r, &ReplayError{"endpoints", "none is configured (EVENTS_URL or EVENTS_FILE)"}
	}
	var names []string
	for _, e := range configured {
		names = append(names, e.Name)
	}
	for _, name := range r.Endpoints {
		if !slices.Contains(names, name) {
			return r, &ReplayError{"endpoints", fmt.Sprintf("must be of %q", names)}
		}
	}
	for _, t := range r.Filter.Types {
		if !slices.Contains(Types, t) {
			return r, &ReplayError{"types", fmt.Sprintf("must be of %q", Types)}
		}
	}
	if r.Filter.Since.IsZero() && r.Filter.UserID == "" && !r.Undelivered {
		return r, &ReplayError{"since", "is required, unless the replay is of one user or of undelivered events"}
	}
	if len(r.Endpoints) == 0 {
		r.Endpoints = names
	}
	r.Endpoints = slices.Compact(slices.Sorted(slices.Values(r.Endpoints)))
	if r.Filter.Until.IsZero() {
		r.Filter.Until = now
	}
	return r, nil
}
