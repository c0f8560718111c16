package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// concealed is a registration that must not reveal accounts; held tells whether its address has one.
func concealed(t *testing.T, held bool) *fixture {
	t.Helper()
	f := setup(t)
	f.in.Policy.Conceal = true
	if held {
		out := stored(user.StatusPending)
		out.Persisted.Contested, out.Persisted.Held = true, true
		f.fake.persistUser = outcomes[workflows.PersistInput](out)
	}
	return f
}

// shown is what a client may see of a registration, with times relative to its start.
type shown struct {
	state        workflows.RegistrationState
	expires      time.Duration
	resendsAfter time.Duration
}

func show(s workflows.RegistrationState, start time.Time) shown {
	out := shown{s, s.Verification.ExpiresAt.Sub(start).Round(100 * time.Millisecond), s.Verification.ResendAfter.Sub(start).Round(100 * time.Millisecond)}
	out.state.Verification.ExpiresAt, out.state.Verification.ResendAfter = time.Time{}, time.Time{}
	out.state.Reason = "" // for operators; the API does not show it
	return out
}

// seen is everything that a client can see of a registration for which it knows no code.
type seen struct {
	persisted workflows.Persisted
	states    []shown
	codes     []workflows.VerifyResult
	resent    []shown
	refused   []workflows.Refusal
}

// look runs a registration and does everything that a client can do without a code.
func look(t *testing.T, f *fixture) (s seen) {
	t.Helper()
	var start time.Time
	f.at(0, func() { start = f.env.Now() })
	persisted := f.persistedAt(0)
	resent := []*answer[workflows.Verification]{
		f.resendAt(10*time.Second, ""),
		f.resendAt(time.Minute, ""),
		f.resendWith(2*time.Minute, workflows.ResendInput{Mobile: otherMobile, MobileKey: "key"}),
		f.resendWith(3*time.Minute, workflows.ResendInput{Channel: message.ChannelSMS}),
		f.resendWith(4*time.Minute, workflows.ResendInput{Channel: message.ChannelEmail}),
	}
	var entered []*answer[workflows.VerifyResult]
	for _, age := range []time.Duration{5 * time.Second, 90 * time.Second, 5 * time.Minute, 6 * time.Minute, 7 * time.Minute, 8 * time.Minute, 30 * time.Hour} {
		entered = append(entered, f.verifyAt(age, 0))
	}
	for _, age := range []time.Duration{time.Second, 90 * time.Second, 150 * time.Second, 10 * time.Minute, 23 * time.Hour} {
		f.at(age, func() { s.states = append(s.states, show(f.state(), start)) })
	}
	f.ends(workflows.StatusExpired)
	s.states = append(s.states, show(f.state(), start))
	s.persisted = persisted.value
	s.persisted.Verification = show(workflows.RegistrationState{Outcome: persisted.value.Outcome}, start).state.Verification
	for _, a := range entered {
		s.codes = append(s.codes, a.value)
		refused, _ := workflows.AsRefused(a.err)
		if refused != nil {
			s.refused = append(s.refused, refused.Refusal)
		}
	}
	for _, a := range resent {
		s.resent = append(s.resent, show(workflows.RegistrationState{Outcome: workflows.Outcome{Verification: a.value}}, start))
		refused, _ := workflows.AsRefused(a.err)
		if refused != nil {
			s.refused = append(s.refused, refused.Refusal)
		}
	}
	return s
}

// TestHeldAddressLooksLikeAnyOther compares all that a client can see, also when the email provider is unavailable at first.
func TestHeldAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	for name, verify := range map[string]workflows.Verify{"sms": workflows.VerifySMS, "email": workflows.VerifyEmail, "both": workflows.VerifyBoth} {
		for failing, err := range map[string]error{
			"": nil, "retried": errorOf(workflows.ReasonEmailUnavailable), "parked": failure(workflows.ReasonEmailUnavailable),
			"rejected": failure(workflows.ReasonEmailRejected),
		} {
			t.Run(name+failing, func(t *testing.T) {
				t.Parallel()
				var both []seen
				for _, held := range []bool{false, true} {
					f := concealed(t, held)
					f.in.Policy.Verify = verify
					f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("mailgun"), err)
					f.fake.sendAccountExists = outcomes[workflows.AccountExistsInput](sentBy("mailgun"), err)
					both = append(both, look(t, f))
				}
				require.Equal(t, both[0], both[1])
				require.Equal(t, failing == "parked" || failing == "rejected", both[1].states[0].state.Status == workflows.StatusFailed)
				require.NotEmpty(t, both[1].refused)
			})
		}
	}
}

// TestSlowNoticeDoesNotShow sends the notice and the code in different times, which the expiry does not show.
func TestSlowNoticeDoesNotShow(t *testing.T) {
	t.Parallel()
	for _, conceal := range []bool{true, false} {
		f := setup(t)
		f.in.Policy.Conceal = conceal
		f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("mailgun"), errorOf(workflows.ReasonEmailUnavailable)) // takes 500 ms
		persisted := f.persistedAt(0)
		f.at(time.Minute, func() {
			require.Equal(t, conceal, f.state().Verification == persisted.value.Verification)
		})
		f.ends(workflows.StatusExpired)
	}
	t.Run("late code", func(t *testing.T) {
		t.Parallel()
		f := concealed(t, false)
		f.breakStep("otp", 1, failure(workflows.ReasonEmailUnavailable))
		f.signalAt(time.Hour, workflows.SignalRetry)
		right := f.verifyAt(time.Hour+9*time.Minute, 1)
		f.ends(workflows.StatusActive)
		active(t, right)
	})
}

// TestHolderIsTold and nobody gets a code or a welcome email.
func TestHolderIsTold(t *testing.T) {
	t.Parallel()
	f := concealed(t, true)
	var told []workflows.AccountExistsInput
	f.fake.sendAccountExists = func(_ context.Context, in workflows.AccountExistsInput) (workflows.SendResult, error) {
		told = append(told, in)
		return unrecorded("account_exists", 20000+len(told)), nil
	}
	entries := f.ledger()
	f.resendAt(time.Minute, "")
	f.resendAt(2*time.Minute, otherMobile)
	var wrong []*answer[workflows.VerifyResult]
	for sequence := range 3 { // the asker cannot know them, and they are worth nothing
		wrong = append(wrong, f.verifyAt(3*time.Minute, sequence+1))
	}
	f.ends(workflows.StatusExpired)
	for n, a := range wrong {
		require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4 - n}, a.value)
	}
	require.Len(t, told, 3, "the ledger keeps the second and the third from being sent")
	require.Equal(t, "ada.lovelace@example.com", told[0].EmailCanonical)
	require.WithinDuration(t, told[0].At.Add(time.Minute), told[1].At, time.Second)
	require.Len(t, *entries, 3)
	for _, none := range []string{"otp", "welcome", "activate", "completion"} {
		require.Zero(t, f.called(none), none)
	}
	require.Equal(t, 1, f.called("expire"))
	require.Contains(t, f.details(), "notice that the account exists sent through acme")
}

// TestConcealedNumberIsProvenAfterTheAddress so that the asker's phone does not tell whether the address has an account.
func TestConcealedNumberIsProvenAfterTheAddress(t *testing.T) {
	t.Parallel()
	f := concealed(t, false)
	sent := f.sentCodes()
	resent := f.resendAt(time.Minute, otherMobile)
	first := f.verifyAt(2*time.Minute, 1)
	second := f.verifyAt(3*time.Minute, 3)
	closed := map[time.Duration]message.Channel{90 * time.Second: message.ChannelSMS, 150 * time.Second: message.ChannelEmail}
	for age, channel := range closed {
		f.at(age, func() { require.Equal(t, []message.Channel{channel}, f.state().ClosedChannels) })
	}
	f.at(150*time.Second, func() { require.Zero(t, f.called("welcome")) })
	f.ends(workflows.StatusActive)
	require.Equal(t, 1, f.called("welcome"), "when the account is active, so that it shows nothing before")
	require.Equal(t, message.ChannelEmail, resent.value.Channel)
	asksForSMS(t, first)
	active(t, second)
	require.Equal(t, []string{"1 email " + emailAddress, "2 email " + emailAddress, "3 sms " + otherMobile}, *sent)
}

// TestConcealedAndSuperseded looks pending, and its codes are worth nothing, also if the signal comes before the user is
// stored.
func TestConcealedAndSuperseded(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"waiting": time.Minute, "storing": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := concealed(t, false)
			f.fake.persistUser = outcomes[workflows.PersistInput](stored(user.StatusPending), errorOf(workflows.ReasonDatabaseUnavailable))
			f.signalAt(age, workflows.SignalSuperseded)
			code := f.verifyAt(2*time.Minute, 1)
			resent := f.resendAt(3*time.Minute, "")
			f.at(4*time.Minute, func() { require.Equal(t, workflows.StatusPending, f.state().Status) })
			f.ends(workflows.StatusExpired)
			require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, code.value)
			require.NoError(t, resent.err)
			require.Zero(t, f.called("activate"))
			require.NotZero(t, f.called("exists"))
		})
	}
}
