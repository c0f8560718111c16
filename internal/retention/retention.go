// Package retention defines which rows of the user database are deleted when they are old.
package retention

import "time"

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
	Audit               Rule = "audit"
)

// Rules lists every rule in the order in which they are applied.
var Rules = []Rule{ReportTokens, Reports, LedgerWithoutUser, AttemptsWithoutUser, Ledger, Attempts, Audit}

const (
	// tokenAge is longer than a report's signature stays valid for any provider.
	tokenAge = 12 * time.Hour
	// reportAge is how long a report waits for its message to appear in the ledger.
	reportAge = 7 * 24 * time.Hour
)

// Settings are the ages after which rows are deleted. 0 keeps them.
type Settings struct {
	Expired time.Duration // messages and attempts of registrations without a user
	Ledger  time.Duration // messages and attempts
	Audit   time.Duration // entries of the audit trail
}

// Age returns the age after which a rule deletes rows, and 0 if it keeps them.
func (s Settings) Age(r Rule) time.Duration {
	switch r {
	case ReportTokens:
		return tokenAge
	case Reports:
		return reportAge
	case LedgerWithoutUser, AttemptsWithoutUser:
		return s.Expired
	case Ledger, Attempts:
		return s.Ledger
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
	// After is where the page begins: Done.After of the page before, or empty.
	After string
}

// Done is the result of a page.
type Done struct {
	Deleted int
	After   string // where the next page begins
	More    bool   // there is a next page
}
