package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func TestWrongCodes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var wrong []*answer[workflows.VerifyResult]
	for n := range 5 {
		wrong = append(wrong, f.verifyAt(time.Minute+time.Duration(n)*time.Second, 0))
	}
	late := f.verifyAt(2*time.Minute, 1)
	f.at(2*time.Minute, func() { require.Zero(t, f.state().AttemptsLeft) })
	f.resendAt(3*time.Minute, "")
	old := f.verifyAt(4*time.Minute, 1)
	f.at(5*time.Minute, func() { require.Equal(t, 4, f.state().AttemptsLeft) })
	right := f.verifyAt(5*time.Minute, 2)
	f.ends(workflows.StatusActive)
	for n, a := range wrong {
		require.NoError(t, a.err)
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4 - n}, a.value)
	}
	late.refusedAs(t, workflows.RefusedTooManyAttempts)
	require.False(t, late.accepted)
	require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, old.value)
	active(t, right)
}

// TestManyCodesAtOnce enters more codes at once than there are attempts.
func TestManyCodesAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var answers []*answer[workflows.VerifyResult]
	for range 9 {
		answers = append(answers, f.verifyAt(time.Minute, 0))
	}
	f.resendAt(2*time.Minute, "")
	f.verifyAt(2*time.Minute, 2)
	f.ends(workflows.StatusActive)
	left := map[int]int{}
	for _, a := range answers {
		if a.err == nil {
			left[a.value.AttemptsLeft]++
		} else {
			a.refusedAs(t, workflows.RefusedTooManyAttempts)
		}
	}
	require.Equal(t, map[int]int{4: 1, 3: 1, 2: 1, 1: 1, 0: 1}, left)
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	for past, dead := range map[time.Duration]bool{0: false, time.Nanosecond: true} {
		t.Run(past.String(), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"), failure(workflows.ReasonSMSUnavailable))
			f.signalAt(time.Hour, workflows.SignalRetry)
			beforeItWasSent := f.verifyAt(30*time.Minute, 0)
			f.at(61*time.Minute, func() {
				require.Equal(t, 9*time.Minute, f.state().Verification.ExpiresAt.Sub(f.env.Now()).Round(time.Second))
			})
			atTheEnd := &answer[workflows.VerifyResult]{}
			f.at(62*time.Minute, func() {
				atTheEnd = f.verifyAt(f.state().Verification.ExpiresAt.Sub(f.env.Now())+past, 1)
			})
			if dead {
				f.resendAt(2*time.Hour, "")
				f.verifyAt(2*time.Hour, 2)
			}
			f.ends(workflows.StatusActive)
			beforeItWasSent.refusedAs(t, workflows.RefusedCodeExpired)
			if dead {
				atTheEnd.refusedAs(t, workflows.RefusedCodeExpired)
			} else {
				active(t, atTheEnd)
			}
		})
	}
}

func TestResendCooldownAndLimit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var sequences []int
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		sequences = append(sequences, in.Sequence)
		return sentBy("twilio"), nil
	}
	early := f.resendAt(30*time.Second-time.Nanosecond, "")
	var resent []*answer[workflows.Verification]
	for _, age := range []time.Duration{30 * time.Second, time.Minute, 90 * time.Second} {
		resent = append(resent, f.resendAt(age, ""))
	}
	again := f.resendAt(31*time.Second, "")
	tooMany := f.resendAt(time.Hour, "")
	f.at(time.Hour, func() { require.Len(t, sequences, 4) })
	wrong := f.verifyAt(2*time.Minute, 0)
	right := f.verifyAt(2*time.Minute, 4)
	f.fake.sendWelcomeEmail = stuck[workflows.NoticeInput]
	f.at(2*time.Hour, f.env.CancelWorkflow)
	_, err := f.run()
	require.Error(t, err)
	start := resent[0].value.ExpiresAt.Add(-10*time.Minute - 30*time.Second)
	early.refusedAs(t, workflows.RefusedCooldown)
	require.WithinDuration(t, start.Add(30*time.Second), early.retryAt(), 0)
	again.refusedAs(t, workflows.RefusedCooldown)
	require.WithinDuration(t, start.Add(time.Minute), again.retryAt(), 0)
	for n, a := range resent {
		require.NoError(t, a.err)
		require.WithinDuration(t, start.Add(time.Duration(n+2)*30*time.Second), a.value.ResendAfter, 0)
	}
	require.Equal(t, 4, wrong.value.AttemptsLeft)
	active(t, right)
	tooMany.refusedAs(t, workflows.RefusedActive)
	require.Equal(t, []int{1, 2, 3, 4}, sequences)
}

func TestTooManyResends(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for n := range 3 {
		f.resendAt(time.Duration(n+1)*time.Minute, "")
	}
	tooMany := f.resendAt(4*time.Minute, otherMobile)
	f.at(5*time.Minute, func() {
		require.Equal(t, user.MaskMobile(mobile), f.state().Verification.Destination)
	})
	f.ends(workflows.StatusExpired)
	tooMany.refusedAs(t, workflows.RefusedTooManyResends)
	require.Equal(t, 4, f.called("otp"))
}

func TestCorrectedNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	sent, activation := f.sentCodes(), f.activation()
	var completion workflows.NoticeInput
	f.fake.sendCompletionSMS = func(_ context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
		completion = in
		return sentBy("twilio"), nil
	}
	resent := f.resendAt(time.Minute, otherMobile)
	f.verifyAt(2*time.Minute, 2)
	f.ends(workflows.StatusActive)
	require.Equal(t, message.ChannelSMS, resent.value.Channel)
	require.Equal(t, user.MaskMobile(otherMobile), resent.value.Destination)
	require.Equal(t, []string{"1 sms " + mobile, "2 sms " + otherMobile}, *sent)
	require.Equal(t, otherMobile, activation.Mobile)
	require.True(t, activation.MobileProven)
	require.False(t, activation.EmailProven)
	require.Equal(t, otherMobile, completion.To)
}

// TestResendWhileTheFirstCodeIsUnderway cancels the older code, in every state, and clears its failure.
func TestResendWhileTheFirstCodeIsUnderway(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]error{
		"retrying": errorOf(workflows.ReasonSMSUnavailable),
		"parked":   failure(workflows.ReasonSMSRejected),
		"sending":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			var cancelled int
			f.env.SetOnActivityCanceledListener(func(*activity.Info) { cancelled++ })
			f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
				switch {
				case in.Sequence == 2:
					return sentBy("twilio"), nil
				case first != nil:
					return workflows.SendResult{}, first
				}
				return workflows.SendResult{}, activity.ErrResultPending
			}
			parked := name == "parked"
			f.at(29*time.Second, func() {
				require.Equal(t, parked, f.state().Status == workflows.StatusFailed)
				require.True(t, f.state().AwaitsCode)
			})
			resent := f.resendAt(30*time.Second, otherMobile)
			f.at(31*time.Second, func() {
				require.Equal(t, workflows.StatusPending, f.state().Status)
				require.Empty(t, f.state().Reason)
				require.NotContains(t, f.details(), "Mend the cause")
			})
			f.signalAt(time.Minute, workflows.SignalRetry)
			right := f.verifyAt(2*time.Minute, 2)
			f.ends(workflows.StatusActive)
			require.NoError(t, resent.err)
			active(t, right)
			if parked {
				require.Equal(t, []string{"failed sms_rejected", "accepted -"}, f.attributes)
				require.Equal(t, 2, f.called("otp"))
			} else {
				require.Equal(t, 1, cancelled)
				require.Empty(t, f.attributes)
			}
		})
	}
}

// TestStateHasTheDestinations checks the keys under which the API counts the codes to a destination.
func TestStateHasTheDestinations(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Destinations = workflows.DestinationKeys{Email: "key-of-the-email", Mobile: "key-of-the-first"}
	f.at(30*time.Second, func() { require.Equal(t, f.in.Destinations, f.state().Destinations) })
	f.resendWith(time.Minute, workflows.ResendInput{Mobile: otherMobile, MobileKey: "key-of-the-second"})
	f.resendAt(2*time.Minute, "")
	f.at(3*time.Minute, func() {
		keys := f.state().Destinations
		require.Equal(t, "key-of-the-second", keys.Of(message.ChannelSMS))
		require.Equal(t, "key-of-the-email", keys.Of(message.ChannelEmail))
		require.Equal(t, user.RouteOf(otherMobile), f.state().Route)
	})
	f.ends(workflows.StatusExpired)
}

// TestRightCodeHasItsChannel checks what the API needs to count the codes by SMS that are entered.
func TestRightCodeHasItsChannel(t *testing.T) {
	t.Parallel()
	for verify, channels := range map[workflows.Verify][]message.Channel{
		workflows.VerifySMS: {message.ChannelSMS}, workflows.VerifyEmail: {message.ChannelEmail},
		workflows.VerifyBoth: {message.ChannelEmail, message.ChannelSMS},
	} {
		f := setup(t)
		f.in.Policy.Verify = verify
		wrong := f.verifyAt(time.Second, 0)
		var right []*answer[workflows.VerifyResult]
		for i := range channels {
			right = append(right, f.verifyAt(time.Duration(i+1)*time.Minute, i+1))
		}
		f.ends(workflows.StatusActive)
		require.Empty(t, wrong.value.Channel)
		for i, a := range right {
			require.Equal(t, channels[i], a.value.Channel, verify)
			require.Equal(t, user.RouteOf(mobile), a.value.Route)
		}
	}
}
