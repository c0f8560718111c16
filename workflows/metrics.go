package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
)

// The metrics that workflows record. Nothing is recorded during a replay. A counter's name gets the suffix _total in Prometheus, and
// a timer's _seconds.
const (
	MetricStarted       = "registrar_registrations_started"
	MetricOutcomes      = "registrar_registrations"  // outcome: one of Outcomes
	MetricHandover      = "registrar_code_handover"  // timer
	MetricEntry         = "registrar_code_entry"     // timer
	MetricCodesSent     = "registrar_codes_sent"     // channel, provider, country
	MetricCodesVerified = "registrar_codes_verified" // channel, provider, country

	// The events of steps that used up their budget. Label: reason.
	MetricStepsParked    = metricSteps + string(stepParked)
	MetricStepsRetried   = metricSteps + string(stepRetried)
	MetricStepsRecovered = metricSteps + string(stepRecovered)
	MetricStepsAbandoned = metricSteps + string(stepAbandoned)
	MetricStepsCancelled = metricSteps + string(stepCancelled)

	metricSteps = "registrar_steps_"
)

// outcomeCancelled is the outcome of a registration that an operator cancelled before the user was active.
const outcomeCancelled = "cancelled"

// Outcomes are the outcomes that a registration is counted by.
var Outcomes = []string{
	string(StatusActive), string(StatusRejected), string(StatusSuperseded), string(StatusExpired), outcomeCancelled, statusFailed,
}

// handover is how a code went to a provider.
type handover struct {
	at       time.Time // zero: not yet, or the ledger already had the code
	provider string
	country  string // of the number, in ISO 3166-1 alpha-2; empty for email
}

func (h handover) tags(channel message.Channel) map[string]string {
	return map[string]string{"channel": string(channel), "provider": h.provider, "country": h.country}
}

// countOutcome counts the registration's outcome, the first one only: a registration that was active may still fail later.
func (r *registration) countOutcome(ctx workflow.Context, outcome string) {
	if r.counted {
		return
	}
	r.counted = true
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"outcome": outcome}).Counter(MetricOutcomes).Inc(1)
}

// countSent counts a code that a provider accepted, and remembers it for countEntered. mobile is the number that it went to.
func (r *registration) countSent(ctx workflow.Context, c code, mobile, provider string) {
	sent := handover{at: workflow.Now(ctx), provider: provider}
	if c.channel == message.ChannelSMS {
		sent.country = user.RouteOf(mobile).Country
	}
	metrics := workflow.GetMetricsHandler(ctx)
	if !r.handedOver {
		r.handedOver = true
		metrics.Timer(MetricHandover).Record(sent.at.Sub(workflow.GetInfo(ctx).WorkflowStartTime))
	}
	metrics.WithTags(sent.tags(c.channel)).Counter(MetricCodesSent).Inc(1)
	r.codes.each(func(i *code) {
		if i.sequence != c.sequence {
			return
		}
		i.sent = sent
		if i.entered { // before the activity that sent it has ended
			countEntry(ctx, *i)
		}
	})
}

// countEntered counts a code that was entered.
func (r *registration) countEntered(ctx workflow.Context, c code) {
	r.codes.each(func(i *code) {
		if i.sequence != c.sequence {
			return
		}
		i.entered = true
		if !i.sent.at.IsZero() {
			countEntry(ctx, *i)
		}
	})
}

func countEntry(ctx workflow.Context, c code) {
	metrics := workflow.GetMetricsHandler(ctx)
	metrics.WithTags(c.sent.tags(c.channel)).Counter(MetricCodesVerified).Inc(1)
	metrics.Timer(MetricEntry).Record(workflow.Now(ctx).Sub(c.sent.at))
}
