package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/workflows"
)

const day = 24 * time.Hour

// expiryAge runs the registration until it expires and returns its age.
func (f *fixture) expiryAge() time.Duration {
	f.t.Helper()
	var start time.Time
	f.at(0, func() { start = f.env.Now() })
	f.ends(workflows.StatusExpired)
	return f.env.Now().Sub(start)
}

func TestNeverVerified(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.verifyAt(time.Hour, 0)
	f.resendAt(20*time.Hour, "")
	f.at(day-time.Nanosecond, func() { require.Equal(t, workflows.StatusPending, f.state().Status) })
	require.Equal(t, day, f.expiryAge().Truncate(time.Second))
	require.Equal(t, "expire", f.calls[len(f.calls)-1])
	require.Equal(t, []string{"expired"}, f.attributes)
	require.Zero(t, f.called("activate"))
}

func TestExpiryWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.expireUser = outcomes[workflows.ExpireInput](workflows.ExpireResult{},
		failure(workflows.ReasonDatabaseUnavailable), failure(workflows.ReasonDatabaseUnavailable))
	late := f.verifyAt(day+time.Hour, 1)
	resend := f.resendAt(day+time.Hour, "")
	f.at(day+time.Hour, func() { require.Equal(t, workflows.StatusFailed, f.state().Status) })
	f.signalAt(2*day, workflows.SignalRetry)
	require.Equal(t, 2*day, f.expiryAge().Truncate(time.Second))
	late.refusedAs(t, workflows.RefusedClosed)
	resend.refusedAs(t, workflows.RefusedClosed)
	require.Equal(t, "failed database_unavailable", f.attributes[0])
	require.Equal(t, "expired", f.attributes[len(f.attributes)-1])
}

func TestWindowWaitsForTheProvider(t *testing.T) {
	t.Parallel()
	for reason, want := range map[workflows.FailureReason]time.Duration{
		workflows.ReasonSMSUnavailable:      5*day + day,
		workflows.ReasonSMSMisconfigured:    5*day + day,
		workflows.ReasonDatabaseUnavailable: 5*day + day,
		workflows.ReasonInternal:            5*day + day,
		workflows.ReasonSMSRejected:         day,
		workflows.ReasonEmailRejected:       day,
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"), failure(reason))
			f.signalAt(5*day, workflows.SignalRetry)
			require.Equal(t, want, f.expiryAge().Round(time.Second))
			require.Equal(t, "expired", f.attributes[len(f.attributes)-1])
			require.Empty(t, f.state().Reason)
		})
	}
}

// TestWindowWaitsForARetriedCode ends the window while an operator's retry has not succeeded yet.
func TestWindowWaitsForARetriedCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	unavailable := errorOf(workflows.ReasonSMSUnavailable)
	f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"),
		failure(workflows.ReasonSMSUnavailable), unavailable, unavailable, unavailable)
	f.signalAt(day-time.Second, workflows.SignalRetry)
	right := f.verifyAt(day+time.Minute, 1)
	f.ends(workflows.StatusActive)
	active(t, right)
}

// TestWindowEndsAfterACorrectedNumber resends while the code is parked: the code that was sent decides.
func TestWindowEndsAfterACorrectedNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		if in.Sequence == 1 {
			return workflows.SendResult{}, failure(workflows.ReasonSMSUnavailable)
		}
		return sentBy("twilio"), nil
	}
	f.resendAt(time.Hour, otherMobile)
	require.Equal(t, day, f.expiryAge().Truncate(time.Second))
}

// TestWindowEndsWhileTheWelcomeEmailIsParked parks the welcome email after the code was sent.
func TestWindowEndsWhileTheWelcomeEmailIsParked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendWelcomeEmail = func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
		return workflows.SendResult{}, errorOf(workflows.ReasonEmailUnavailable)
	}
	require.Equal(t, day, f.expiryAge().Truncate(time.Second))
}

// TestWindowWaitsForTheParkingTime checks that the window does not wait for a provider forever.
func TestWindowWaitsForTheParkingTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
		return workflows.SendResult{}, failure(workflows.ReasonSMSUnavailable)
	}
	f.fails(workflows.ReasonSMSUnavailable)
}
