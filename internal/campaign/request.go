package campaign

import (
	"math"
	"strconv"
	"time"

	"registrar/internal/message"
	"registrar/workflows"
)

const (
	// stepBudget is the retry budget of a campaign's step, after which it waits for an operator. It equals that of a welcome
	// email.
	stepBudget = 24 * time.Hour
	// maxAhead is how far ahead a campaign may be scheduled. A later time is probably a wrong year.
	maxAhead = 366 * 24 * time.Hour
	// maxPast is how far in the past the time may be: a request may be late or repeated, but a wrong year must not send at
	// once.
	maxPast = 24 * time.Hour
)

// minRate is one recipient in 100 s. A lower rate is probably an error.
const minRate = 0.01

// Request is a request for a campaign.
type Request struct {
	Content    workflows.CampaignContent
	ScheduleAt time.Time // zero, or at most a day in the past: at once
	Rate       float64   // maximum recipients per second; 0: no limit
}

// Check returns every violation of the request.
func (r Request) Check(now time.Time) []Violation {
	violations := Check(r.Content)
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

// Validate returns a *ValidationError with every violation of the request, or nil.
func (r Request) Validate(now time.Time) error {
	return asError(r.Check(now))
}

// Input is the input of the campaign's workflow. The request must be valid.
func (r Request) Input(id, fingerprint string, now time.Time, parking time.Duration) workflows.CampaignInput {
	content := r.Content
	content.Locale, _ = parseLocale(content.Locale)
	return workflows.CampaignInput{
		CampaignID: id, Fingerprint: fingerprint, Content: &content,
		CreatedAt: now.UTC(), ScheduleAt: utc(r.ScheduleAt), Rate: r.Rate,
		BatchSize: message.MaxBatch, Budget: stepBudget, ParkingTime: parking,
	}
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

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
