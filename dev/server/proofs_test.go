package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// VERIFY=both needs a code by email and then one by SMS.
func TestVerifyBoth(t *testing.T) {
	t.Parallel()
	s := startService(t, "VERIFY=both")
	form := newForm()
	created := s.mustRegister(t, form)
	id := created.RegistrationID
	require.EqualValues(t, message.ChannelEmail, created.Verification.Channel)
	byEmail := s.awaitCode(t, form.Email, 1)
	welcome := s.awaitMessages(t, form.Email, message.KindWelcome, 1)[0]
	require.NotContains(t, welcome.Text, "/confirm-email", "the code confirms the address")
	require.Empty(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), "no SMS before the address is proven")

	s.requireNext(t, id, byEmail, message.ChannelSMS)
	state := s.get(t, id)
	require.Equal(t, openapi.StatusPendingVerification, state.Status)
	require.EqualValues(t, message.ChannelSMS, state.Verification.Channel)
	require.Empty(t, state.UserID)
	bySMS := s.awaitCode(t, form.MobileNumber, 1)
	p := requireProblem(t, s.verify(t, id, wrong(byEmail, bySMS)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	require.Equal(t, 4, *p.AttemptsLeft)
	s.requireNext(t, id, byEmail, message.ChannelSMS) // again
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)

	s.requireActive(t, id, bySMS)
	require.True(t, *s.get(t, id).EmailVerified)
	require.Equal(t, 1, lookUp[int](t, s.stack.data, `SELECT COUNT(*) FROM users WHERE registration_id = ?
		AND email_verified_at IS NOT NULL AND mobile_verified_at IS NOT NULL`, id))
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	requireProblem(t, s.verify(t, id, byEmail), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)

	without := newFormWithoutNumber()
	id = s.mustRegister(t, without).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, without.Email, 1))
}

// VERIFY=email needs a code by email also from users who gave a number. Their number stays unproven.
func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	s := startService(t, "VERIFY=email")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	s.awaitEnd(t, id)
	toNumber, err := s.messages(t.Context(), form.MobileNumber)
	require.NoError(t, err)
	require.Empty(t, toNumber)
	require.True(t, lookUp[bool](t, s.stack.data, "SELECT mobile_verified_at IS NULL FROM users WHERE registration_id = ?", id))
}

// In a registration by SMS, the user may prove the address instead of the number.
func TestCodeByEmailInsteadOfSMS(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	sent := decode[openapi.CodeSent](t, s.resendWith(t, id, openapi.ResendRequest{Channel: "email"}), http.StatusAccepted)
	require.EqualValues(t, message.ChannelEmail, sent.Verification.Channel)
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	require.True(t, *s.get(t, id).EmailVerified)
}
