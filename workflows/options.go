package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// stepOptions are a step's queue, timeouts and retry policy. budget selects the retry budget, which is the schedule-to-close
// timeout.
type stepOptions struct {
	action       string // what the step does, after "could not"
	queue        string
	startToClose time.Duration // one attempt
	budget       func(Budgets) time.Duration
	backoff      temporal.RetryPolicy
	priority     int           // in the queue, 1 is the highest; 0 is Temporal's default, 3
	unavailable  FailureReason // if the activity reported none; for a code by email see registration.unavailable
}

// The priorities of notifications-low: messages that a user waits for come before campaigns.
const (
	priorityNotice   = 2
	priorityCampaign = 5
)

var (
	storeBackoff  = temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second}
	otpBackoff    = temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 1.5, MaximumInterval: 15 * time.Second}
	eventsBackoff = temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute}
	noticeBackoff = temporal.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute}

	storeBudget      = func(b Budgets) time.Duration { return b.Store }
	otpBudget        = func(b Budgets) time.Duration { return b.OTP }
	welcomeBudget    = func(b Budgets) time.Duration { return b.WelcomeEmail }
	completionBudget = func(b Budgets) time.Duration { return b.Completion }
	eventsBudget     = func(b Budgets) time.Duration { return cmp.Or(b.Events, DefaultEventsBudget) }
	campaignBudget   = func(b Budgets) time.Duration { return b.Campaign }
)

// steps is the table of all steps. StartCampaign counts all users, and a batch is up to 1000 emails.
var steps = map[step]stepOptions{
	stepPersist:       {"store the user", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepActivate:      {"activate the user", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepExpire:        {"expire the registration", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepOTP:           {"send the code", QueueNotificationsHigh, 10 * time.Second, otpBudget, otpBackoff, 0, ReasonSMSUnavailable},
	stepWelcome:       {"send the welcome email", QueueNotificationsLow, 30 * time.Second, welcomeBudget, noticeBackoff, priorityNotice, ReasonEmailUnavailable},
	stepCompletion:    {"send the completion SMS", QueueNotificationsLow, 10 * time.Second, completionBudget, noticeBackoff, priorityNotice, ReasonSMSUnavailable},
	stepExists:        {"tell the holder of the address", QueueNotificationsHigh, 10 * time.Second, otpBudget, otpBackoff, 0, ReasonEmailUnavailable},
	stepReleased:      {"tell a user that lost the address", QueueNotificationsLow, 10 * time.Second, completionBudget, noticeBackoff, priorityNotice, ReasonSMSUnavailable},
	stepConfirm:       {"confirm the email", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepDisown:        {"disown the email", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepLedger:        {"write the ledger", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepRecordEvent:   {"record the event of the failure", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepDeliver:       {"deliver the events", QueueEvents, time.Minute, eventsBudget, eventsBackoff, 0, ReasonEventUndelivered},
	stepCountEvents:   {"count the events", QueueEvents, time.Minute, eventsBudget, storeBackoff, 0, ReasonEventUndelivered},
	stepReplay:        {"deliver the events", QueueEvents, time.Minute, eventsBudget, eventsBackoff, 0, ReasonEventUndelivered},
	stepSweep:         {"deliver old events", QueueEvents, time.Minute, eventsBudget, storeBackoff, 0, ReasonEventUndelivered},
	stepChange:        {"change the user", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepStop:          {"stop the user's workflows", QueueRegistration, time.Minute, storeBudget, storeBackoff, 0, ReasonTemporalUnavailable},
	stepForget:        {"forget the user's limits", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonLimitsUnavailable},
	stepErase:         {"erase the user", QueueRegistration, 30 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepHistories:     {"delete the user's workflows", QueueRegistration, time.Minute, storeBudget, storeBackoff, 0, ReasonTemporalUnavailable},
	stepErased:        {"complete the receipt", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepRetention:     {"delete expired rows", QueueRegistration, 30 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepStoreCampaign: {"store the campaign", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepStartCampaign: {"count the recipients", QueueRegistration, 2 * time.Minute, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepBatch:         {"send a batch", QueueNotificationsLow, 2 * time.Minute, campaignBudget, noticeBackoff, priorityCampaign, ReasonEmailUnavailable},
	stepSetStatus:     {"write the status to the database", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
	stepRecordBatch:   {"write a batch to the ledger", QueueRegistration, 5 * time.Second, storeBudget, storeBackoff, 0, ReasonDatabaseUnavailable},
}

func (o stepOptions) activity(b Budgets, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:              o.queue,
		StartToCloseTimeout:    o.startToClose,
		ScheduleToCloseTimeout: o.budget(b),
		RetryPolicy:            &o.backoff,
		Summary:                summary,
		Priority:               temporal.Priority{PriorityKey: o.priority},
		// A cancelled workflow waits for an attempt in progress. Otherwise, a user could be stored after a cancelled
		// registration freed it, and a batch or code that a provider accepted could be missing in the ledger.
		WaitForCancellation: o.queue != QueueNotificationsLow || o.priority == priorityCampaign,
	}
}

// localTimeout bounds the attempts inside a workflow task. It is shorter than the API's wait budget of 3 s and far below the
// workflow task timeout.
const localTimeout = 2500 * time.Millisecond

func (o stepOptions) local(summary string) workflow.LocalActivityOptions {
	return workflow.LocalActivityOptions{
		StartToCloseTimeout:    localTimeout,
		ScheduleToCloseTimeout: localTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Second,
		},
		Summary: summary,
	}
}

// DefaultEventsBudget is the default budget of DeliverEvents.
const DefaultEventsBudget = 72 * time.Hour

// MinBudget is the minimum budget of a message: an attempt reserves 3 s for the ledger and needs time for the provider.
const MinBudget = 5 * time.Second

// MaxBudget is the maximum budget that an operator may set, so that a typing error cannot retry a step for years.
const MaxBudget = 30 * 24 * time.Hour

// DefaultPolicy returns the documented default policy.
func DefaultPolicy() Policy {
	return Policy{
		Verify:             VerifySMS,
		CodeAttempts:       5,
		Resends:            3,
		ResendCooldown:     30 * time.Second,
		CodeTTL:            10 * time.Minute,
		VerificationWindow: 24 * time.Hour,
		ParkingTime:        7 * 24 * time.Hour,
		Budgets: Budgets{
			Store: 24 * time.Hour, OTP: 10 * time.Minute, WelcomeEmail: 24 * time.Hour, Completion: 24 * time.Hour,
		},
		PersistLocally: true,
	}
}
