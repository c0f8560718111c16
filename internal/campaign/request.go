package campaign

import (
	"math"
	"strconv"
	"time"
)

const (
	// maxAhead is how far ahead a campaign may be scheduled. A later time is probably a wrong year.
	maxAhead = 366 * 24 * time.Hour
	// maxPast is how far in the past the time may be: a request may be late or repeated, but a wrong year must not send at
	// once.
	maxPast = 24 * time.Hour
	// minRate is one recipient in 100 s. A lower rate is probably an error.
	minRate = 0.01
)

// Request is a request for a campaign.
type Request struct {
	Content    Content
	ScheduleAt time.Time // zero, or at most a day in the past: at once
	Rate       float64   // maximum recipients per second; 0: no limit
}

// New checks and normalises a request. If rules are broken, it returns a *ValidationError with every violation.
func New(id string, r Request, now time.Time) (Campaign, error) {
	if err := asError(r.Check(now)); err != nil {
		return Campaign{}, err
	}
	r.Content.Locale, _ = parseLocale(r.Content.Locale)
	if !r.ScheduleAt.IsZero() {
		r.ScheduleAt = r.ScheduleAt.UTC()
	}
	return Campaign{ID: id, Request: r, CreatedAt: now.UTC()}, nil
}

// Check returns every violation of the request.
func (r Request) Check(now time.Time) []Violation {
	violations := r.Content.Check()
	switch ahead := r.ScheduleAt.Sub(now); {
	case r.ScheduleAt.IsZero():
	case ahead > maxAhead:
		violations = append(violations, Violation{Part: partScheduleAt, Code: CodeInvalid, Message: "is more than a year in the future"})
	case ahead < -maxPast:
		violations = append(violations, Violation{Part: partScheduleAt, Code: CodeInvalid, Message: "is more than a day in the past"})
	}
	if r.Rate < 0 || r.Rate > 0 && r.Rate < minRate || math.IsNaN(r.Rate) || math.IsInf(r.Rate, 0) {
		violations = append(violations, Violation{Part: partRate, Code: CodeInvalid, Message: "must be a number of recipients per second: 0 for no limit, or at least 0.01"})
	}
	return violations
}

// FingerprintParts returns the values that are equal in repetitions of a request.
func (r Request) FingerprintParts() []string {
	at := ""
	if !r.ScheduleAt.IsZero() {
		at = r.ScheduleAt.UTC().Format(time.RFC3339Nano)
	}
	c := r.Content
	return []string{c.Name, c.Subject, c.Text, c.HTML, c.Locale, at, strconv.FormatFloat(r.Rate, 'g', -1, 64)}
}
