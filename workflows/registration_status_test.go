package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
	"registrar/workflows"
)

func TestState(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("persist", 1, failure(workflows.ReasonInternal))
	f.breakStep("welcome", 1, failure(workflows.ReasonEmailRejected))
	state := func(status workflows.RegistrationStatus, reason workflows.FailureReason, userID string, attemptsLeft int) workflows.RegistrationState {
		return workflows.RegistrationState{
			Outcome: workflows.Outcome{Status: status, UserID: userID, Fingerprint: "fingerprint"},
			Reason:  reason, AttemptsLeft: attemptsLeft, AwaitsCode: status == workflows.StatusPending,
		}
	}
	states := map[time.Duration]workflows.RegistrationState{
		time.Minute:      state(workflows.StatusFailed, workflows.ReasonInternal, "", 0),
		62 * time.Minute: state(workflows.StatusPending, workflows.ReasonEmailRejected, "u-1", 5),
		64 * time.Minute: state(workflows.StatusPending, workflows.ReasonEmailRejected, "u-1", 4),
		66 * time.Minute: state(workflows.StatusActive, workflows.ReasonEmailRejected, "u-1", 4),
	}
	early, earlyResend := f.verifyAt(time.Minute, 1), f.resendAt(time.Minute, "")
	for age, want := range states {
		f.at(age, func() {
			got := f.state()
			if want.UserID != "" {
				require.Equal(t, user.MaskMobile(mobile), got.Verification.Destination)
				require.False(t, got.Verification.ExpiresAt.IsZero())
			}
			got.Verification, got.CodeDigest, got.Route, got.ClosedChannels = workflows.Verification{}, "", user.Route{}, nil
			require.Equal(t, want, got)
		})
	}
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.verifyAt(63*time.Minute, 0)
	f.verifyAt(65*time.Minute, 1)
	late, lateResend := f.verifyAt(66*time.Minute, 1), f.resendAt(66*time.Minute, "")
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
	early.refusedAs(t, workflows.RefusedNotReady)
	earlyResend.refusedAs(t, workflows.RefusedNotReady)
	late.refusedAs(t, workflows.RefusedActive)
	lateResend.refusedAs(t, workflows.RefusedActive)
	require.Equal(t, []string{
		"failed internal_error", "accepted -", "failed email_rejected", "accepted -",
	}, f.attributes)
}

// TestDetailsHaveNoPersonalData reads the current details at each step of an eventful registration.
func TestDetailsHaveNoPersonalData(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("persist", 1, failure(workflows.ReasonDatabaseUnavailable))
	f.breakStep("otp", 1, failure(workflows.ReasonSMSRejected))
	f.breakStep("welcome", 1, failure(workflows.ReasonEmailMisconfigured))
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.resendAt(2*time.Hour, otherMobile)
	f.verifyAt(2*time.Hour+time.Second, 0)
	f.signalAt(4*time.Hour, workflows.SignalRetry)
	f.resendAt(5*time.Hour, otherMobile)
	f.verifyAt(5*time.Hour+time.Second, 3)
	read := func() {
		for _, personal := range []string{
			"Ada", "Lovelace", "countess", "ada.lovelace", "example.com", "170", "•", "digest", "argon2",
		} {
			require.NotContains(t, f.details(), personal)
		}
	}
	for age := range 7 {
		f.at(time.Duration(age)*time.Hour+time.Minute, read)
	}
	f.ends(workflows.StatusActive)
	read()
	for _, detail := range []string{
		"**active**", "could not store the user: database_unavailable", "retry by an operator: store the user",
		"could not send the code: sms_rejected", "could not send the welcome email: email_misconfigured",
		"no longer needed: send the code", "code 2 by sms requested", "code 2 by sms sent through twilio",
		"wrong code, 4 attempts left", "right code", "user activated", "completion SMS sent through twilio",
	} {
		require.Contains(t, f.details(), detail)
	}
}

func TestDetailsAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("welcome", 99, failure(workflows.ReasonEmailUnavailable))
	f.verifyAt(time.Minute, 1)
	for hour := range 90 {
		f.signalAt(time.Duration(1+hour)*time.Hour, workflows.SignalRetry)
	}
	f.at(89*time.Hour, func() {
		require.Less(t, len(f.details()), 4000)
		require.Contains(t, f.details(), "failures: 89")
	})
	f.fails(workflows.ReasonEmailUnavailable)
}

func TestMessageThatWasAlreadySent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendWelcomeEmail = outcomes[workflows.NoticeInput](workflows.SendResult{})
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Contains(t, f.details(), "welcome email already sent")
}
