package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// TestResendByEmail asks for a code by email in a registration that is verified by SMS: either code completes it.
func TestResendByEmail(t *testing.T) {
	t.Parallel()
	for sequence, email := range map[int]bool{1: false, 2: true} {
		f := setup(t)
		sent, activation := f.sentCodes(), f.activation()
		resent := f.resendWith(time.Minute, workflows.ResendInput{Channel: message.ChannelEmail})
		right := f.verifyAt(2*time.Minute, sequence)
		out, err := f.run()
		require.NoError(t, err)
		active(t, right)
		require.Equal(t, message.ChannelEmail, resent.value.Channel)
		require.Equal(t, user.MaskEmail(emailAddress), resent.value.Destination)
		require.Equal(t, []string{"1 sms " + mobile, "2 email " + emailAddress}, *sent)
		require.Equal(t, []bool{email, !email}, []bool{activation.EmailProven, activation.MobileProven})
		require.Equal(t, email, out.EmailVerified)
	}
}

// TestNumberIsOneMoreProof adds a number to a registration that is verified by email. The codes may be entered in any order.
func TestNumberIsOneMoreProof(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		entered []int
		sent    []string
	}{
		"email first": {[]int{1, 2}, []string{"1 email " + emailAddress, "2 sms " + otherMobile}},
		"SMS first":   {[]int{2, 3}, []string{"1 email " + emailAddress, "2 sms " + otherMobile, "3 email " + emailAddress}},
	} {
		for _, given := range []string{"", mobile} {
			t.Run(name+given, func(t *testing.T) {
				t.Parallel()
				f := setup(t)
				f.in.Profile.Mobile, f.in.Policy.Verify = given, workflows.VerifyEmail
				sent, activation := f.sentCodes(), f.activation()
				resent := f.resendAt(time.Minute, otherMobile)
				first := f.verifyAt(2*time.Minute, tt.entered[0])
				f.at(3*time.Minute, func() { require.Zero(t, f.called("activate")) })
				second := f.verifyAt(4*time.Minute, tt.entered[1])
				f.ends(workflows.StatusActive)
				require.Equal(t, message.ChannelSMS, resent.value.Channel)
				require.NotNil(t, first.value.Next)
				active(t, second)
				require.Equal(t, tt.sent, *sent)
				require.True(t, activation.EmailProven)
				require.True(t, activation.MobileProven)
				require.Equal(t, otherMobile, activation.Mobile)
			})
		}
	}
}

// TestNumberOfAnEarlierRunIsOneMoreProof resets a registration whose user had added a number.
func TestNumberOfAnEarlierRunIsOneMoreProof(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Profile.Mobile = ""
	before := storedBefore(user.StatusPending, 2)
	before.Persisted.Mobile = otherMobile
	f.fake.persistUser = outcomes[workflows.PersistInput](before)
	sent := f.sentCodes()
	first, second := f.verifyAt(time.Minute, 3), f.verifyAt(2*time.Minute, 4)
	f.ends(workflows.StatusActive)
	asksForSMS(t, first)
	active(t, second)
	require.Equal(t, []string{"3 email " + emailAddress, "4 sms " + otherMobile}, *sent)
}

func TestResendWithoutANumber(t *testing.T) {
	t.Parallel()
	for _, conceal := range []bool{false, true} {
		f := setup(t)
		f.in.Profile.Mobile, f.in.Policy.Conceal = "", conceal
		resent := f.resendWith(time.Minute, workflows.ResendInput{Channel: message.ChannelSMS})
		right := f.verifyAt(2*time.Minute, 1)
		f.ends(workflows.StatusActive)
		resent.refusedAs(t, workflows.RefusedNoNumber)
		require.False(t, resent.accepted)
		active(t, right)
	}
}

// TestProvenNumberIsNotReplaced while the address is not proven yet.
func TestProvenNumberIsNotReplaced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Profile.Mobile = ""
	sent, activation := f.sentCodes(), f.activation()
	f.resendAt(time.Minute, mobile)
	f.verifyAt(2*time.Minute, 2)
	replaced := f.resendAt(3*time.Minute, otherMobile)
	bySMS := f.resendWith(4*time.Minute, workflows.ResendInput{Channel: message.ChannelSMS})
	right := f.verifyAt(5*time.Minute, 4)
	f.ends(workflows.StatusActive)
	replaced.refusedAs(t, workflows.RefusedNumberProven)
	require.Equal(t, message.ChannelEmail, bySMS.value.Channel, "the number is proven")
	active(t, right)
	require.Equal(t, mobile, activation.Mobile)
	require.Equal(t, "4 email "+emailAddress, (*sent)[3])
}

// TestCorrectedNumberEndsNoCodeByEmail corrects the number of a registration with codes by both channels.
func TestCorrectedNumberEndsNoCodeByEmail(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]message.Channel{"sent last": message.ChannelEmail, "sent before": message.ChannelSMS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.resendWith(time.Minute, workflows.ResendInput{Channel: message.ChannelEmail})
			f.resendWith(2*time.Minute, workflows.ResendInput{Channel: last})
			f.resendAt(3*time.Minute, otherMobile)
			bySMS, byEmail := f.verifyAt(4*time.Minute, 1), f.verifyAt(5*time.Minute, 2)
			f.ends(workflows.StatusActive)
			require.Equal(t, workflows.VerifyResult{AttemptsLeft: 4}, bySMS.value)
			active(t, byEmail)
		})
	}
}
