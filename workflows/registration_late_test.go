package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/workflows"
)

// TestLateCode enters the first code after another one was requested.
func TestLateCode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given, asked string
	}{
		"by SMS":               {mobile, ""},
		"to the number it has": {mobile, mobile},
		"by email":             {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.in.Profile.Mobile = tt.given
			f.resendAt(30*time.Second, tt.asked)
			f.resendAt(time.Minute, tt.asked)
			late := f.verifyAt(9*time.Minute, 1)
			f.ends(workflows.StatusActive)
			active(t, late)
			require.Contains(t, f.details(), "right code entered: code 1")
		})
	}
}

// TestLateCodeAfterACorrectedNumber ends the codes to the old number, also when a later one goes there again.
func TestLateCodeAfterACorrectedNumber(t *testing.T) {
	t.Parallel()
	t.Run("another", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		f.resendAt(time.Minute, otherMobile)
		old := f.verifyAt(2*time.Minute, 1)
		f.resendAt(3*time.Minute, "")
		oldAgain := f.verifyAt(4*time.Minute, 1)
		late := f.verifyAt(5*time.Minute, 2)
		f.ends(workflows.StatusActive)
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, old.value)
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, oldAgain.value)
		active(t, late)
	})
	t.Run("and back", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		f.resendAt(time.Minute, otherMobile)
		f.resendAt(2*time.Minute, mobile)
		old, other := f.verifyAt(3*time.Minute, 1), f.verifyAt(3*time.Minute, 2)
		current := f.verifyAt(4*time.Minute, 3)
		f.ends(workflows.StatusActive)
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, old.value)
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 3}, other.value)
		active(t, current)
	})
}

// TestEachCodeHasItsOwnLifetime requests the second code five minutes after the first.
func TestEachCodeHasItsOwnLifetime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.resendAt(5*time.Minute, "")
	f.at(6*time.Minute, func() {
		require.Equal(t, 9*time.Minute, f.state().Verification.ExpiresAt.Sub(f.env.Now()).Round(time.Second), "of the code sent last")
	})
	first := f.verifyAt(10*time.Minute+5*time.Second, 1)
	second := f.verifyAt(15*time.Minute+5*time.Second, 2)
	f.ends(workflows.StatusExpired)
	require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, first.value)
	second.refusedAs(t, workflows.RefusedCodeExpired)
}

// TestWrongCodeCountsForEveryCode uses up the attempts of the first code before and after the second was sent.
func TestWrongCodeCountsForEveryCode(t *testing.T) {
	t.Parallel()
	for attempts, right := range map[int]bool{4: true, 5: false} {
		f := setup(t)
		for n := range attempts {
			f.verifyAt(time.Minute+time.Duration(n)*20*time.Second, 0)
		}
		f.resendAt(time.Minute+50*time.Second, "") // after three
		first := f.verifyAt(5*time.Minute, 1)
		f.verifyAt(6*time.Minute, 2)
		f.ends(workflows.StatusActive)
		if right {
			active(t, first)
		} else {
			require.Equal(t, workflows.VerifyResult{AttemptsLeft: 2}, first.value)
		}
	}
}

// TestEqualCodes has two equal codes, by chance: the later one is valid when the earlier one has expired.
func TestEqualCodes(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"both live": 6 * time.Minute, "one lives": 12 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.in.CodeDigests[1] = f.in.CodeDigests[0]
			f.resendAt(5*time.Minute, "")
			right := f.verifyAt(age, 1)
			f.ends(workflows.StatusActive)
			active(t, right)
		})
	}
}

// TestLateCodeWhileTheNextCannotBeSent enters the first code, so that the next one is no longer needed.
func TestLateCodeWhileTheNextCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]error{
		"tried":  errorOf(workflows.ReasonSMSUnavailable),
		"parked": failure(workflows.ReasonSMSUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
				if in.Sequence == 1 {
					return sentBy("twilio"), nil
				}
				return workflows.SendResult{}, broken
			}
			f.resendAt(time.Minute, "")
			late := f.verifyAt(2*time.Minute, 1)
			f.ends(workflows.StatusActive)
			active(t, late)
		})
	}
}

// TestUndeliveredCodeIsStillValid after a later one was requested, in case it arrives after all.
func TestUndeliveredCodeIsStillValid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.resendAt(time.Minute, "")
	f.undeliveredAt(2*time.Minute, 1)
	late := f.verifyAt(3*time.Minute, 1)
	f.ends(workflows.StatusActive)
	active(t, late)
	require.Equal(t, 2, f.called("otp"))
}
