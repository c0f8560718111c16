// Package retention defines which rows of the user database are deleted when they are old.
package retention

import (
	"time"

	"registrar/internal/event"
)

// Rule is which rows are deleted.
type Rule string

// The rules.
const (
	ReportTokens Rule = "report_tokens" // signatures of delivery reports, so that none is used twice
	Reports      Rule = "delivery_reports"
	// LedgerWithoutUser and AttemptsWithoutUser are the messages and failed attempts of registrations that have no user: it has
	// expired, or lost its address before it verified.
	LedgerWithoutUser   Rule = "notifications_without_user"
	AttemptsWithoutUser Rule = "delivery_attempts_without_user"
	Ledger              Rule = "notifications"
	Attempts            Rule = "delivery_attempts"
	// Events are the events that no endpoint lacks, and twice as old ones that one lacks.
	Events      Rule = "events"
	GateAnswers Rule = "gate_answers"
	Audit       Rule = "audit"
)

// Rules lists every rule in the order in which they are applied. A new rule goes to the end: a run that waits for an operator
// continues on the new release, with the order that it began with.
var Rules = []Rule{ReportTokens, Reports, LedgerWithoutUser, AttemptsWithoutUser, Ledger, Attempts, Events, GateAnswers, Audit}

const (
	// tokenAge is longer than a report's signature stays valid for any provider.
	tokenAge = 12 * time.Hour
	// reportAge is how long a report waits for its message to appear in the ledger.
	reportAge = 7 * 24 * time.Hour
	// gateAge is how long a client that repeats its request gets the same answer of the gate.
	gateAge = 24 * time.Hour
)

// Settings are the ages after which rows are deleted. 0 keeps them.
type Settings struct {
	Expired time.Duration // messages and attempts of registrations without a user
	Ledger  time.Duration // messages and attempts
	Events  time.Duration
	Audit   time.Duration // entries of the audit trail
	// Endpoints receive events.
	Endpoints []event.Endpoint
}

// Page returns the page of a rule that begins at after; false if the rule keeps its rows.
func (s Settings) Page(r Rule, now time.Time, after string) (Page, bool) {
	age := s.age(r)
	return Page{
		Rule: r, Before: now.Add(-age), BeforeAnyway: now.Add(-2 * age), Endpoints: s.Endpoints, After: after,
	}, age > 0
}

// age returns the age after which a rule deletes rows, and 0 if it keeps them.
func (s Settings) age(r Rule) time.Duration {
	switch r {
	case ReportTokens:
		return tokenAge
	case Reports:
		return reportAge
	case LedgerWithoutUser, AttemptsWithoutUser:
		return s.Expired
	case Ledger, Attempts:
		return s.Ledger
	case Events:
		return s.Events
	case GateAnswers:
		return gateAge
	case Audit:
		return s.Audit
	default:
		return 0
	}
}

// Page is a part of the work for a rule.
type Page struct {
	Rule Rule
	// Before is the time before which rows are old.
	Before time.Time
	// BeforeAnyway is the time before which events are deleted even if an endpoint lacks them.
	BeforeAnyway time.Time
	// Endpoints receive events.
	Endpoints []event.Endpoint
	// After is where the page begins: Done.After of the page before, or empty.
	After string
}

// Done is the result of a page.
type Done struct {
	Deleted int
	After   string // where the next page begins
	More    bool   // there is a next page
}
