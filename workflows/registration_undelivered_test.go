package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

func (f *fixture) undeliveredAt(age time.Duration, sequence int) {
	f.at(age, func() {
		f.env.SignalWorkflow(workflows.SignalUndelivered,
			workflows.Undelivered{Kind: message.KindOTP, Sequence: sequence, Provider: "twilio"})
	})
}

// exhausted is SendOTP's error when every provider has reported the code undelivered.
func exhausted() error {
	return temporal.NewNonRetryableApplicationError("no", string(workflows.ReasonSMSRejected), nil,
		workflows.Attempt{Number: 1, ProviderCode: message.CodeExhausted})
}

func TestUndeliveredCodeIsSentAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var inputs []workflows.OTPInput
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		inputs = append(inputs, in)
		return sentBy([]string{"twilio", "other"}[len(inputs)-1]), nil
	}
	f.verifyAt(time.Minute, 0)
	f.undeliveredAt(2*time.Minute, 1)
	f.at(3*time.Minute, func() {
		s := f.state()
		require.Equal(t, 4, s.AttemptsLeft, "the attempts are not given back")
		require.Equal(t, 9*time.Minute, s.Verification.ExpiresAt.Sub(f.env.Now()).Round(time.Second))
		require.Contains(t, f.details(), "code 1 was reported undelivered by twilio")
		require.Contains(t, f.details(), "code 1 by sms sent through other")
	})
	right := f.verifyAt(11*time.Minute, 1)
	f.ends(workflows.StatusActive)
	active(t, right)
	require.Len(t, inputs, 2)
	require.Equal(t, inputs[0], inputs[1], "the same code")
	require.Empty(t, f.attributes)
}

func TestUndeliveredWhileItIsSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var token []byte
	f.fake.sendOTP = func(ctx context.Context, _ workflows.OTPInput) (workflows.SendResult, error) {
		if token != nil {
			return sentBy("other"), nil
		}
		token = activity.GetInfo(ctx).TaskToken
		return workflows.SendResult{}, activity.ErrResultPending
	}
	f.undeliveredAt(time.Second, 1)
	f.at(2*time.Second, func() {
		require.Equal(t, 1, f.called("otp"), "one at a time")
		require.NoError(t, f.env.CompleteActivity(token, sentBy("twilio"), nil))
	})
	f.at(time.Minute, func() { require.Equal(t, 2, f.called("otp")) })
	f.verifyAt(2*time.Minute, 1)
	f.ends(workflows.StatusActive)
}

func TestUndeliveredTooLate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(*fixture)
		report  func(*fixture)
		sent    int // codes
		detail  string
	}{
		"an older code": {
			func(f *fixture) { f.resendAt(time.Minute, "") }, func(f *fixture) { f.undeliveredAt(2*time.Minute, 1) },
			2, "code 1 was reported undelivered by twilio; it is not the last code",
		},
		"a code to come": {func(*fixture) {}, func(f *fixture) { f.undeliveredAt(time.Minute, 2) }, 1, "not the last code"},
		"expired":        {func(*fixture) {}, func(f *fixture) { f.undeliveredAt(11*time.Minute, 1) }, 1, "twilio, but it can no longer be entered"},
		"no attempts left": {
			func(f *fixture) {
				for range 5 {
					f.verifyAt(time.Minute, 0)
				}
			}, func(f *fixture) { f.undeliveredAt(2*time.Minute, 1) }, 1, "twilio, but it can no longer be entered",
		},
		"nothing": {func(*fixture) {}, func(f *fixture) { f.signalAt(time.Minute, workflows.SignalUndelivered) }, 1, ""},
		"another kind": {func(*fixture) {}, func(f *fixture) {
			f.at(time.Minute, func() {
				f.env.SignalWorkflow(workflows.SignalUndelivered, workflows.Undelivered{Kind: message.KindWelcome, Sequence: 1})
			})
		}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			tt.prepare(f)
			tt.report(f)
			f.at(12*time.Minute, func() { require.Contains(t, f.details(), tt.detail) })
			f.ends(workflows.StatusExpired)
			require.Equal(t, tt.sent, f.called("otp"))
		})
	}
}

func TestUndeliveredAfterTheRightCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendWelcomeEmail = stuck[workflows.NoticeInput]
	f.verifyAt(time.Minute, 1)
	f.undeliveredAt(2*time.Minute, 1)
	f.at(3*time.Minute, f.env.CancelWorkflow)
	_, err := f.run()
	require.Error(t, err)
	require.Equal(t, 1, f.called("otp"))
}

// TestUndeliveredByAll parks as a rejected number does, until a code to another number is sent.
func TestUndeliveredByAll(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		if in.Sequence == 1 && f.called("otp") > 1 {
			return workflows.SendResult{}, exhausted()
		}
		return sentBy("twilio"), nil
	}
	f.undeliveredAt(time.Minute, 1)
	f.undeliveredAt(2*time.Minute, 1)
	f.at(3*time.Minute, func() {
		require.Equal(t, workflows.StatusFailed, f.state().Status)
		require.Equal(t, workflows.ReasonSMSRejected, f.state().Reason)
		require.Contains(t, f.details(), "every provider has reported the message undelivered")
		require.Equal(t, 2, f.called("otp"), "a repeated report changes nothing")
	})
	resent := f.resendAt(4*time.Minute, otherMobile)
	f.at(5*time.Minute, func() { require.Equal(t, workflows.StatusPending, f.state().Status) })
	f.verifyAt(6*time.Minute, 2)
	f.ends(workflows.StatusActive)
	require.NoError(t, resent.err)
	require.Equal(t, 3, f.called("otp"))
	require.Equal(t, []string{"failed sms_rejected", "accepted -"}, f.attributes)
}

// TestUndeliveredCodeThatWaitsForAnOperator is not sent beside the step that waits.
func TestUndeliveredCodeThatWaitsForAnOperator(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("other"), failure(workflows.ReasonSMSUnavailable))
	f.at(time.Minute, func() { require.Equal(t, workflows.StatusFailed, f.state().Status) })
	f.undeliveredAt(2*time.Minute, 1)
	f.at(3*time.Minute, func() { require.Equal(t, 1, f.called("otp")) })
	f.signalAt(4*time.Minute, workflows.SignalRetry)
	f.verifyAt(5*time.Minute, 1)
	f.ends(workflows.StatusActive)
}

func TestSuppressedWelcomeEmail(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendWelcomeEmail = func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
		return workflows.SendResult{Suppressed: message.Bounced}, nil
	}
	f.at(time.Minute, func() {
		require.Contains(t, f.details(), "welcome email not sent: the address is suppressed (bounced)")
	})
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
}
