package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/workflows"
)

func TestActivationWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = outcomes[workflows.ActivateInput](workflows.ActivateResult{},
		failure(workflows.ReasonDatabaseUnavailable), failure(workflows.ReasonDatabaseUnavailable))
	right := f.verifyAt(time.Minute, 1)
	again, wrong := f.verifyAt(2*time.Minute, 1), f.verifyAt(2*time.Minute, 0)
	resend := f.resendAt(2*time.Minute, "")
	f.at(2*time.Minute, func() {
		require.False(t, right.done)
		require.True(t, f.state().Activating)
		require.False(t, f.state().AwaitsCode)
		require.Equal(t, workflows.StatusFailed, f.state().Status)
		require.Equal(t, workflows.ReasonDatabaseUnavailable, f.state().Reason)
	})
	f.signalAt(48*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
	again.refusedAs(t, workflows.RefusedActivating)
	wrong.refusedAs(t, workflows.RefusedWrongCode)
	resend.refusedAs(t, workflows.RefusedActivating)
	active(t, right)
	require.Zero(t, f.called("expire"))
	require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
}

func TestActivationFindsTheUserSuperseded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = func(context.Context, workflows.ActivateInput) (workflows.ActivateResult, error) {
		return workflows.ActivateResult{Superseded: true}, nil
	}
	right := f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusSuperseded)
	right.refusedAs(t, workflows.RefusedClosed)
	require.Zero(t, f.called("completion"))
	require.Zero(t, f.called("expire"))
	require.Equal(t, []string{"superseded"}, f.attributes)
}

// TestNoCodeAfterTheRightOne enters a code whose message the provider took without an answer: the rest of the
// sending is over, and can neither send again nor fail the registration.
func TestNoCodeAfterTheRightOne(t *testing.T) {
	t.Parallel()
	for name, unsaid := range map[string]error{
		"retrying": errorOf(workflows.ReasonSMSUnavailable),
		"parked":   failure(workflows.ReasonSMSUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
				return workflows.SendResult{}, unsaid
			}
			f.fake.sendWelcomeEmail = outcomes[workflows.NoticeInput](sentBy("mailgun"),
				failure(workflows.ReasonEmailUnavailable), failure(workflows.ReasonEmailUnavailable))
			right := f.verifyAt(time.Second, 1)
			f.at(time.Hour, func() { require.Equal(t, workflows.ReasonEmailUnavailable, f.state().Reason) })
			for _, day := range []time.Duration{6, 12} {
				f.signalAt(day*24*time.Hour, workflows.SignalRetry)
			}
			f.ends(workflows.StatusActive)
			active(t, right)
			if name == "parked" {
				require.Equal(t, 1, f.called("otp"))
			}
		})
	}
}

func TestSuperseded(t *testing.T) {
	t.Parallel()
	for name, otp := range map[string]error{
		"waiting":  nil,
		"retrying": errorOf(workflows.ReasonSMSUnavailable),
		"parked":   failure(workflows.ReasonSMSUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
				return sentBy("twilio"), otp
			}
			f.signalAt(2*time.Second, workflows.SignalSuperseded)
			f.ends(workflows.StatusSuperseded)
			require.Zero(t, f.called("expire"))
			require.Zero(t, f.called("activate"))
			require.Equal(t, "superseded", f.attributes[len(f.attributes)-1][:len("superseded")])
			require.Empty(t, f.state().Reason)
			require.Equal(t, workflows.StatusSuperseded, f.state().Status)
		})
	}
}

func TestSupersededBeforeTheUserIsStored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.persistUser = outcomes[workflows.PersistInput](stored("pending_verification"),
		errorOf(workflows.ReasonDatabaseUnavailable))
	f.at(0, func() { f.env.SignalWorkflow(workflows.SignalSuperseded, nil) })
	answer := f.persistedAt(0)
	f.ends(workflows.StatusSuperseded)
	require.True(t, answer.done)
	require.NoError(t, answer.err)
	require.Zero(t, f.called("otp"))
}

func TestSupersededIsIgnoredOnceActive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendWelcomeEmail = outcomes[workflows.NoticeInput](sentBy("mailgun"), failure(workflows.ReasonEmailUnavailable))
	f.verifyAt(time.Minute, 1)
	f.signalAt(2*time.Minute, workflows.SignalSuperseded)
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
}
