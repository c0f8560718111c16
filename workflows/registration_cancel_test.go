package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

// cancelled runs the registration and requires it to end as cancelled.
func (f *fixture) cancelled() {
	f.t.Helper()
	_, err := f.run()
	require.True(f.t, temporal.IsCanceledError(err), "%v", err)
	var app *temporal.ApplicationError
	require.NotErrorAs(f.t, err, &app)
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, otp := range map[string]error{
		"sent":     nil,
		"retrying": errorOf(workflows.ReasonSMSUnavailable),
		"parked":   failure(workflows.ReasonSMSUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) { return sentBy("twilio"), otp }
			f.at(2*time.Second, f.env.CancelWorkflow)
			f.cancelled()
			require.Equal(t, 1, f.called("expire"))
			require.Equal(t, "expired", f.attributes[len(f.attributes)-1])
			require.Equal(t, workflows.StatusExpired, f.state().Status)
			require.Empty(t, f.state().Reason)
		})
	}
}

func TestCancelledBeforeTheUserIsStored(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"retrying": errorOf(workflows.ReasonDatabaseUnavailable), "parked": failure(workflows.ReasonDatabaseUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
				return workflows.PersistResult{}, err
			}
			answer := f.persistedAt(0)
			f.at(10*time.Second, f.env.CancelWorkflow)
			f.cancelled()
			require.Equal(t, 1, f.called("expire"))
			require.Zero(t, f.called("otp"))
			answer.refusedAs(t, workflows.RefusedClosed)
		})
	}
}

// TestCancelledDuringALocalAttempt lets an attempt in progress end, and uses its result.
func TestCancelledDuringALocalAttempt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = func(ctx context.Context, _ workflows.ActivateInput) (workflows.ActivateResult, error) {
		f.env.CancelWorkflow()
		seen := make(chan struct{})
		f.env.RegisterDelayedCallback(func() { close(seen) }, 0)
		<-seen
		return workflows.ActivateResult{}, ctx.Err()
	}
	right := f.verifyAt(time.Minute, 1)
	f.cancelled()
	active(t, right)
	require.Zero(t, f.called("expire"))
	require.Equal(t, workflows.StatusActive, f.state().Status)
}

func TestCancelledDuringTheActivation(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("activate", 99, failure(workflows.ReasonDatabaseUnavailable))
	f.breakStep("expire", 1, failure(workflows.ReasonDatabaseUnavailable))
	right := f.verifyAt(time.Minute, 1)
	f.at(time.Hour, f.env.CancelWorkflow)
	f.at(2*time.Hour, func() { require.False(t, f.state().Activating) })
	late := f.verifyAt(2*time.Hour, 1)
	f.signalAt(3*time.Hour, workflows.SignalRetry)
	f.cancelled()
	right.refusedAs(t, workflows.RefusedClosed)
	late.refusedAs(t, workflows.RefusedClosed)
	require.Equal(t, workflows.StatusExpired, f.state().Status)
}

func TestCancelledOnceActive(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"welcome", "completion"} {
		f := setup(t)
		f.breakStep(step, 99, failure(workflows.ReasonEmailUnavailable))
		right := f.verifyAt(time.Minute, 1)
		f.at(time.Hour, f.env.CancelWorkflow)
		f.cancelled()
		active(t, right)
		require.Zero(t, f.called("expire"))
		require.Equal(t, workflows.StatusActive, f.state().Status)
		require.Equal(t, []string{"failed email_unavailable", "accepted -"}, f.attributes)
	}
}

// TestCancelledWithoutADatabase parks the freeing of the user like any other step.
func TestCancelledWithoutADatabase(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"retried": workflows.SignalRetry, "abandoned": workflows.SignalAbandon} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.breakStep("expire", 1, failure(workflows.ReasonDatabaseUnavailable))
			f.at(time.Hour, f.env.CancelWorkflow)
			f.at(2*time.Hour, func() { require.Equal(t, workflows.ReasonDatabaseUnavailable, f.state().Reason) })
			late := f.verifyAt(2*time.Hour, 1)
			f.signalAt(3*time.Hour, end)
			if name == "abandoned" {
				f.fails(workflows.ReasonDatabaseUnavailable)
				require.Equal(t, []string{"failed database_unavailable"}, f.attributes)
			} else {
				f.cancelled()
				require.Equal(t, workflows.StatusExpired, f.state().Status)
			}
			late.refusedAs(t, workflows.RefusedClosed)
		})
	}
}
