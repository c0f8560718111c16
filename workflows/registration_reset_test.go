package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/user"
	"registrar/workflows"
)

// A reset to the first workflow task runs every activity again: their results include what an earlier run has done.

func storedBefore(status user.Status, codesSent int) workflows.PersistResult {
	out := stored(status)
	out.Persisted.Again, out.CodesSent = true, codesSent
	return out
}

func TestResetSendsTheNextCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var sent []int
	f.fake.persistUser = outcomes[workflows.PersistInput](storedBefore(user.StatusPending, 2))
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		sent = append(sent, in.Sequence)
		return sentBy("twilio"), nil
	}
	for again := range f.in.Policy.Resends { // a run of its own may ask as often as any
		f.resendAt(time.Duration(1+again)*time.Minute, "")
	}
	tooOften := f.resendAt(10*time.Minute, "")
	old := f.verifyAt(11*time.Minute, 2)
	current := f.verifyAt(12*time.Minute, 3+f.in.Policy.Resends)
	f.ends(workflows.StatusActive)
	require.Equal(t, []int{3, 4, 5, 6}, sent)
	tooOften.refusedAs(t, workflows.RefusedTooManyResends)
	require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, old.value)
	active(t, current)
}

func TestResetsWithoutAnotherCodeKeepTheLastTwo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	last := len(f.in.CodeDigests)
	f.fake.persistUser = outcomes[workflows.PersistInput](storedBefore(user.StatusPending, last+3))
	f.resendAt(time.Minute, "")
	tooOften := f.resendAt(2*time.Minute, "")
	current := f.verifyAt(2*time.Minute, last)
	f.ends(workflows.StatusActive)
	tooOften.refusedAs(t, workflows.RefusedTooManyResends)
	active(t, current)
}

// TestResetOfAnActiveUserSendsNoCode: a user who was blocked since has been active too.
func TestResetOfAnActiveUserSendsNoCode(t *testing.T) {
	t.Parallel()
	for _, status := range []user.Status{user.StatusActive, user.StatusBlocked} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.persistUser = outcomes[workflows.PersistInput](storedBefore(status, 0))
			f.ends(workflows.StatusActive)
			require.Zero(t, f.called("otp"))
			require.Equal(t, 1, f.called("activate")) // which changes nothing
			require.Equal(t, 1, f.called("welcome"))  // the ledger keeps it from being sent twice
		})
	}
}

// TestDetailsHaveTheAttempts parks the code twice, after 7 and after 3 attempts.
func TestDetailsHaveTheAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	after := func(attempts int) error {
		return temporal.NewApplicationErrorWithOptions("the message was not taken", string(workflows.ReasonSMSUnavailable),
			temporal.ApplicationErrorOptions{
				NonRetryable: true, Cause: errors.New("twilio: unavailable (503)"),
				Details: []any{workflows.Attempt{Number: attempts, Provider: "twilio", ProviderCode: "503"}},
			})
	}
	f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"), after(7), after(3))
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.at(2*time.Hour, func() {
		for _, detail := range []string{
			"**sms_unavailable**: could not send the code. Check that the SMS provider answers",
			"Then send the signal `retry`, or `abandon` to end the workflow as failed.",
			" UTC, failures: 2, attempts: 10, last answer: twilio 503.",
			"could not send the code: sms_unavailable (attempt 7, twilio answered 503)",
			"could not send the code: sms_unavailable (attempt 3, twilio answered 503)",
		} {
			require.Contains(t, f.details(), detail)
		}
	})
	f.signalAt(3*time.Hour, workflows.SignalAbandon)
	f.fails(workflows.ReasonSMSUnavailable)
	require.Contains(t, f.details(), "Then reset this run to its first workflow task.")
	require.Contains(t, f.details(), "the registration has failed")
	require.NotContains(t, f.details(), "send the signal")
}
