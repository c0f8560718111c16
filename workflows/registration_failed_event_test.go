package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/event"
	"registrar/internal/user"
	"registrar/workflows"
)

// failing is a registration whose code parks and that records its failure as its second event.
func failing(t *testing.T) (f *fixture, recorded *[]workflows.RecordEventInput) {
	t.Helper()
	f = setup(t)
	f.announces()
	f.breakStep("otp", 99, failure(workflows.ReasonSMSUnavailable))
	recorded = new([]workflows.RecordEventInput)
	f.fake.recordEvent = func(_ context.Context, in workflows.RecordEventInput) (workflows.RecordEventResult, error) {
		*recorded = append(*recorded, in)
		return workflows.RecordEventResult{Announced: 2}, nil
	}
	return f, recorded
}

func TestFailureIsAnEvent(t *testing.T) {
	t.Parallel()
	for _, abandoned := range []bool{true, false} {
		f, recorded := failing(t)
		calls := f.delivered(0, 0)
		if abandoned {
			f.signalAt(time.Hour, workflows.SignalAbandon)
		}
		f.fails(workflows.ReasonSMSUnavailable)
		require.Equal(t, []workflows.RecordEventInput{
			{RegistrationID: registrationID, Type: event.RegistrationFailed, Reason: string(workflows.ReasonSMSUnavailable)},
		}, *recorded)
		require.Equal(t, []string{registrationID + " through 1", registrationID + " through 2"}, *calls)
		require.Equal(t, []string{"failed sms_unavailable"}, f.attributes)
	}
}

// No other step runs while the event of the failure is delivered: no code, no answer to the user.
func TestFailedRegistrationOnlyDelivers(t *testing.T) {
	t.Parallel()
	f, _ := failing(t)
	f.breakStep("welcome", 99, failure(workflows.ReasonEmailRejected))
	calls := f.delivered(10*time.Minute, 65*time.Minute)
	f.signalAt(time.Hour, workflows.SignalAbandon)
	f.signalAt(62*time.Minute, workflows.SignalRetry)
	f.undeliveredAt(62*time.Minute, 1)
	refused := f.verifyAt(62*time.Minute, 1)
	resent := f.resendAt(62*time.Minute, "")
	f.at(63*time.Minute, func() {
		require.Equal(t, workflows.StatusFailed, f.state().Status)
		require.False(t, f.state().AwaitsCode)
		require.Contains(t, f.details(), "delivers its last events; the signal abandon ends the workflow at once")
	})
	f.fails(workflows.ReasonSMSUnavailable)
	refused.refusedAs(t, workflows.RefusedClosed)
	resent.refusedAs(t, workflows.RefusedClosed)
	require.Equal(t, 1, f.called("otp"))
	require.Equal(t, 1, f.called("welcome"))
	require.Len(t, *calls, 2)
}

// A second abandon ends a failed registration whose last event cannot be delivered or recorded.
func TestAbandonEndsTheDelivery(t *testing.T) {
	t.Parallel()
	for name, hinder := range map[string]func(*fixture){
		"receiver is down": func(f *fixture) { f.delivered(10*time.Minute, 999*day) },
		"receiver parks": func(f *fixture) {
			f.fake.deliverEvents = outcomes[workflows.DeliverEventsInput](workflows.DeliverEventsResult{}, nil, failure(workflows.ReasonEventUndelivered))
		},
		"database is down": func(f *fixture) {
			f.fake.recordEvent = func(context.Context, workflows.RecordEventInput) (workflows.RecordEventResult, error) {
				return workflows.RecordEventResult{}, errorOf(workflows.ReasonDatabaseUnavailable)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := failing(t)
			hinder(f)
			f.fake.sendWelcomeEmail = outcomes[workflows.NoticeInput](sentBy("mailgun"))
			begin := f.env.Now()
			f.signalAt(time.Hour, workflows.SignalAbandon)
			f.at(64*time.Minute, func() { require.False(t, f.env.IsWorkflowCompleted()) })
			f.signalAt(65*time.Minute, workflows.SignalAbandon)
			f.fails(workflows.ReasonSMSUnavailable)
			require.WithinDuration(t, begin.Add(65*time.Minute), f.env.Now(), time.Second)
		})
	}
}

// Without a signal, the events of a failed registration park, and their parking time bounds the workflow.
func TestDeliveryOfAFailureIsBounded(t *testing.T) {
	t.Parallel()
	f, recorded := failing(t)
	f.delivered(day, 999*day)
	begin := f.env.Now()
	f.fails(workflows.ReasonSMSUnavailable)
	require.Len(t, *recorded, 1)
	require.WithinDuration(t, begin.Add((7+7)*day), f.env.Now(), time.Hour)
}

// No event is recorded if only the delivery or a message to an active user fails, the service has no endpoint, or somebody else has
// the address.
func TestFailureThatIsNoEvent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*fixture){
		"no endpoint": func(f *fixture) { f.in.Policy.Budgets.Events = 0 },
		"held": func(f *fixture) {
			f.in.Policy.Conceal = true
			f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
				return workflows.PersistResult{Persisted: user.Persisted{UserID: "u-1", Status: user.StatusPending, Held: true}}, nil
			}
			f.fake.sendAccountExists = outcomes[workflows.AccountExistsInput](sentBy("mailgun"), failure(workflows.ReasonSMSUnavailable))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, recorded := failing(t)
			change(f)
			f.signalAt(time.Hour, workflows.SignalAbandon)
			f.fails(workflows.ReasonSMSUnavailable)
			require.Empty(t, *recorded)
		})
	}
	t.Run("the user is active", func(t *testing.T) {
		t.Parallel()
		f, recorded := failing(t)
		f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"))
		f.breakStep("completion", 99, failure(workflows.ReasonSMSRejected))
		f.verifyAt(time.Minute, 1)
		f.signalAt(time.Hour, workflows.SignalAbandon)
		f.fails(workflows.ReasonSMSRejected)
		require.Empty(t, *recorded)
	})
	t.Run("only the delivery failed", func(t *testing.T) {
		t.Parallel()
		f, recorded := failing(t)
		f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"))
		f.breakStep("deliver", 99, failure(workflows.ReasonEventUndelivered))
		f.signalAt(time.Hour, workflows.SignalAbandon)
		f.fails(workflows.ReasonEventUndelivered)
		require.Empty(t, *recorded)
	})
}

// Abandoned events are not delivered again, but the failure is recorded, so that an operator can replay it.
func TestAbandonedEventsAreOnlyRecorded(t *testing.T) {
	t.Parallel()
	f, recorded := failing(t)
	f.fake.deliverEvents = outcomes[workflows.DeliverEventsInput](workflows.DeliverEventsResult{}, failure(workflows.ReasonEventUndelivered))
	f.signalAt(time.Hour, workflows.SignalAbandon)
	f.fails(workflows.ReasonSMSUnavailable)
	require.Len(t, *recorded, 1)
	require.Equal(t, 1, f.called("deliver"))
}

func TestEmailLinkDeliversEvents(t *testing.T) {
	t.Parallel()
	lost := user.Displaced{Released: []string{"loser"}, Announced: []user.Announced{{RegistrationID: registrationID, Through: 3}, {RegistrationID: "loser", Through: 4}}}
	out := workflows.EmailLinkStepResult{Outcome: workflows.LinkConfirmed, Displaced: lost}
	t.Run("confirmed", func(t *testing.T) {
		t.Parallel()
		f := setupLink(t, workflows.ActionConfirm, out)
		calls, told := f.delivered(0, 8*time.Minute), f.told()
		f.at(time.Minute, func() { require.Len(t, *told, 1, "the receiver delays no SMS") })
		_, err := f.run()
		require.NoError(t, err)
		require.ElementsMatch(t, []string{registrationID + " through 3", "loser through 4"}, *calls)
	})
	t.Run("SMS abandoned", func(t *testing.T) {
		t.Parallel()
		f := setupLink(t, workflows.ActionConfirm, out)
		f.told(failure(workflows.ReasonSMSRejected))
		calls := f.delivered(0, 8*time.Minute)
		f.signalAt(time.Minute, workflows.SignalAbandon)
		_, err := f.run()
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, string(workflows.ReasonSMSRejected), app.Type())
		require.Len(t, *calls, 2, "the events are delivered before the workflow ends")
	})
	t.Run("events abandoned", func(t *testing.T) {
		t.Parallel()
		f := setupLink(t, workflows.ActionConfirm, out)
		f.told()
		f.fake.deliverEvents = outcomes[workflows.DeliverEventsInput](workflows.DeliverEventsResult{}, failure(workflows.ReasonEventUndelivered))
		f.signalAt(time.Hour, workflows.SignalAbandon)
		_, err := f.run()
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, string(workflows.ReasonEventUndelivered), app.Type())
	})
}
