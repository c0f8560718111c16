package campaign

import (
	"math"
	"strconv"
	"time"

	"registrar/internal/message"
	"registrar/workflows"
)

const (
	// stepBudget is how long one step of a campaign is tried before it waits for an operator: as that of a welcome email.
	stepBudget = 24 * time.Hour
	// maxAhead is how far ahead a campaign may be scheduled. Later is more likely a slip in the year.
	maxAhead = 366 * 24 * time.Hour
	// maxPast is how long ago its time may be: a request may be late or repeated, but another year would send at once.
	maxPast = 24 * time.Hour
)

// minRate is one recipient in 100 s. Less is a mistake rather than a wish.
const minRate = 0.01

// Request asks for a campaign.
type Request struct {
	Content    workflows.CampaignContent
	ScheduleAt time.Time // zero, or past by a day at most: at once
	Rate       float64   // recipients a second at most; 0: no bound
}

// Check finds every violation of the request.
func (r Request) Check(now time.Time) []Violation {
	violations := Check(r.Content)
	switch ahead := r.ScheduleAt.Sub(now); {
	case r.ScheduleAt.IsZero():
	case ahead > maxAhead:
		violations = append(violations, Violation{Part: partScheduleAt, Code: CodeInvalid, Message: "is more than a year ahead"})
	case ahead < -maxPast:
		violations = append(violations, Violation{Part: partScheduleAt, Code: CodeInvalid, Message: "is more than a day past"})
	}
	if r.Rate < 0 || r.Rate > 0 && r.Rate < minRate || math.IsNaN(r.Rate) || math.IsInf(r.Rate, 0) {
		violations = append(violations, Violation{Part: partRate, Code: CodeInvalid, Message: "is not a number of recipients a second: 0, for no bound, or at least 0.01"})
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

// FingerprintParts are the values that make two requests the same.
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
