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

// contested makes another user have the address, unproven.
func (f *fixture) contested() {
	out := stored(user.StatusPending)
	out.Persisted.Contested = true
	f.fake.persistUser = outcomes[workflows.PersistInput](out)
}

// asksForSMS requires the code to have been right, and a code by SMS to be required too.
func asksForSMS(t *testing.T, a *answer[workflows.VerifyResult]) {
	t.Helper()
	require.True(t, a.done)
	require.NoError(t, a.err)
	require.False(t, a.value.Active)
	require.NotNil(t, a.value.Next)
	require.Equal(t, message.ChannelSMS, a.value.Next.Channel)
}

// TestVerify enters each code that is asked for, and no other.
func TestVerify(t *testing.T) {
	t.Parallel()
	email, sms := "email "+emailAddress, "sms "+mobile
	for name, tt := range map[string]struct {
		verify    workflows.Verify
		mobile    string
		contested bool
		conceal   bool
		codes     []string
	}{
		"sms with a number":           {workflows.VerifySMS, mobile, false, false, []string{"1 " + sms}},
		"sms without a number":        {workflows.VerifySMS, "", false, false, []string{"1 " + email}},
		"sms, contested":              {workflows.VerifySMS, mobile, true, false, []string{"1 " + email}},
		"sms, concealed":              {workflows.VerifySMS, mobile, false, true, []string{"1 " + email}},
		"email with a number":         {workflows.VerifyEmail, mobile, false, false, []string{"1 " + email}},
		"both with a number":          {workflows.VerifyBoth, mobile, false, false, []string{"1 " + email, "2 " + sms}},
		"both without a number":       {workflows.VerifyBoth, "", false, false, []string{"1 " + email}},
		"both, contested, concealed":  {workflows.VerifyBoth, mobile, true, true, []string{"1 " + email, "2 " + sms}},
		"of a registration before it": {"", mobile, false, false, []string{"1 " + sms}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			if tt.contested {
				f.contested()
			}
			f.in.Policy.Verify, f.in.Policy.Conceal, f.in.Profile.Mobile = tt.verify, tt.conceal, tt.mobile
			sent, activation := f.sentCodes(), f.activation()
			var welcome workflows.NoticeInput
			f.fake.sendWelcomeEmail = func(_ context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
				welcome = in
				return sentBy("mailgun"), nil
			}
			answers := make([]*answer[workflows.VerifyResult], len(tt.codes))
			for n := range tt.codes {
				answers[n] = f.verifyAt(time.Duration(n+1)*time.Minute, n+1)
			}
			out, err := f.run()
			require.NoError(t, err)
			for _, a := range answers[:len(answers)-1] {
				asksForSMS(t, a)
			}
			active(t, answers[len(answers)-1])
			require.Equal(t, tt.codes, *sent)
			byEmail, bySMS := tt.codes[0] == "1 "+email, tt.codes[len(tt.codes)-1][2:] == sms
			require.Equal(t, []bool{byEmail, bySMS}, []bool{activation.EmailProven, activation.MobileProven})
			require.Equal(t, byEmail, out.EmailVerified)
			require.Equal(t, !byEmail, welcome.ConfirmLink, "only if no code proves the address")
			require.Equal(t, tt.conceal, activation.Registration.Concealed)
			require.Equal(t, bySMS, f.called("completion") == 1)
		})
	}
}

// TestSecondProof enters the code by email twice and a wrong one before the code by SMS.
func TestSecondProof(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Policy.Verify = workflows.VerifyBoth
	sent := f.sentCodes()
	first, again := f.verifyAt(time.Minute, 1), f.verifyAt(2*time.Minute, 1)
	f.at(3*time.Minute, func() {
		s := f.state()
		require.Equal(t, workflows.StatusPending, s.Status)
		require.False(t, s.EmailVerified, "not before the account is active")
		require.Empty(t, s.CodeDigest)
		require.Equal(t, user.MaskMobile(mobile), s.Verification.Destination)
		require.Equal(t, 5, s.AttemptsLeft, "of the code sent last")
	})
	wrong := f.verifyAt(3*time.Minute, 0)
	last := f.verifyAt(4*time.Minute, 2)
	out, err := f.run()
	require.NoError(t, err)
	asksForSMS(t, first)
	asksForSMS(t, again)
	require.Equal(t, user.MaskMobile(mobile), first.value.Next.Destination)
	require.Equal(t, first.value.Next.ResendAfter, again.value.Next.ResendAfter, "no other code")
	require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, wrong.value)
	active(t, last)
	require.Len(t, *sent, 2)
	require.Equal(t, digest(2), out.CodeDigest)
}

// TestSecondCodeByTheFirstChannelCompletesNothing enters every code that was sent by email.
func TestSecondCodeByTheFirstChannelCompletesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Policy.Verify = workflows.VerifyBoth
	f.resendAt(time.Minute, "")
	for sequence := range 2 {
		f.verifyAt(2*time.Minute, sequence+1)
	}
	byEmail := f.resendWith(3*time.Minute, workflows.ResendInput{Channel: message.ChannelEmail})
	f.ends(workflows.StatusExpired)
	require.Equal(t, message.ChannelSMS, byEmail.value.Channel, "the address is proven")
	require.Zero(t, f.called("activate"))
	require.Equal(t, 4, f.called("otp"))
}

// TestWrongCodeCountsForBothChannels uses up the attempts of the code by SMS, which leaves some of the code by email.
func TestWrongCodeCountsForBothChannels(t *testing.T) {
	t.Parallel()
	f := setup(t)
	wrong := []*answer[workflows.VerifyResult]{f.verifyAt(10*time.Second, 0), f.verifyAt(20*time.Second, 0)}
	f.resendWith(time.Minute, workflows.ResendInput{Channel: message.ChannelEmail})
	for n := range 3 {
		wrong = append(wrong, f.verifyAt(2*time.Minute+time.Duration(n)*time.Second, 0))
	}
	bySMS, byEmail := f.verifyAt(3*time.Minute, 1), f.verifyAt(4*time.Minute, 2)
	f.ends(workflows.StatusActive)
	for n, left := range []int{4, 3, 4, 3, 2} {
		require.Equal(t, left, wrong[n].value.AttemptsLeft)
	}
	require.Equal(t, workflows.VerifyResult{AttemptsLeft: 1}, bySMS.value)
	active(t, byEmail)
}

// TestCodesOfIsEnough requests as many codes as possible and proves both destinations, in each run of a registration that is
// reset again and again.
func TestCodesOfIsEnough(t *testing.T) {
	t.Parallel()
	perRun := workflows.CodesOf(workflows.DefaultPolicy()) / 2
	for before, codes := range map[int]int{0: perRun, perRun: perRun, perRun + 1: perRun - 1, 2 * perRun: 2, 99: 2} {
		f := setup(t)
		f.in.Profile.Mobile = ""
		f.fake.persistUser = outcomes[workflows.PersistInput](storedBefore(user.StatusPending, before))
		sent := f.sentCodes()
		resends := min(codes-2, f.in.Policy.Resends)
		for n := range resends {
			f.resendAt(time.Duration(n+1)*time.Minute, otherMobile)
		}
		tooOften := f.resendAt(5*time.Minute, otherMobile)
		first := min(before, 2*perRun-2) + 1
		f.verifyAt(6*time.Minute, first+resends)
		last := f.verifyAt(7*time.Minute, first+codes-1)
		f.at(8*time.Minute, f.env.CancelWorkflow)
		_, err := f.run()
		require.Len(t, *sent, map[bool]int{true: codes, false: 1}[resends > 0], "after %d codes", before)
		tooOften.refusedAs(t, workflows.RefusedTooManyResends)
		if resends > 0 {
			require.NoError(t, err)
			active(t, last)
		}
	}
}

// TestOnlyTheRightCodeIsAcceptedOnceActive enters codes while the welcome email is parked.
func TestOnlyTheRightCodeIsAcceptedOnceActive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("welcome", 1, failure(workflows.ReasonEmailUnavailable))
	f.resendAt(time.Minute, "")
	f.verifyAt(2*time.Minute, 1)
	again, wrong, other := f.verifyAt(3*time.Minute, 1), f.verifyAt(3*time.Minute, 0), f.verifyAt(3*time.Minute, 2)
	f.signalAt(time.Hour, workflows.SignalRetry)
	out, err := f.run()
	require.NoError(t, err)
	again.refusedAs(t, workflows.RefusedActive)
	for _, a := range []*answer[workflows.VerifyResult]{wrong, other} {
		a.refusedAs(t, workflows.RefusedWrongCode)
		require.False(t, a.accepted, "no event in the history")
	}
	require.True(t, out.Accepts(workflows.VerifyInput{Digests: []string{"under-another-key", digest(1)}}))
	require.False(t, out.Accepts(workflows.VerifyInput{Digests: []string{digest(2)}}))
	require.False(t, out.Accepts(workflows.VerifyInput{}))
	require.False(t, workflows.Outcome{}.Accepts(workflows.VerifyInput{Digests: []string{""}}), "not verified by a code")
}

// TestNoCodeIsAcceptedAfterAResetOnceActive since the new run does not know the right one.
func TestNoCodeIsAcceptedAfterAResetOnceActive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	before := storedBefore(user.StatusActive, 1)
	before.Persisted.EmailVerified = true
	f.fake.persistUser = outcomes[workflows.PersistInput](before)
	f.breakStep("welcome", 1, failure(workflows.ReasonEmailUnavailable))
	code := f.verifyAt(time.Minute, 1)
	f.signalAt(time.Hour, workflows.SignalRetry)
	out, err := f.run()
	require.NoError(t, err)
	code.refusedAs(t, workflows.RefusedWrongCode)
	require.True(t, out.EmailVerified)
}
