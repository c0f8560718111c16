package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

func TestSignUpWithANumber(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	first := s.register(t, form)
	created := decode[openapi.RegistrationCreated](t, first, http.StatusCreated)
	id := created.RegistrationID
	require.Equal(t, registrations+"/"+id, first.header.Get("Location"))
	require.Equal(t, openapi.StatusPendingVerification, created.Status)
	require.EqualValues(t, message.ChannelSMS, created.Verification.Channel)
	require.NotContains(t, string(first.body), form.MobileNumber)

	code := s.awaitCode(t, form.MobileNumber, 1)
	require.Equal(t, openapi.StatusActive, decode[openapi.Progress](t, s.verify(t, id, code), http.StatusOK).Status)
	state := s.get(t, id)
	require.Equal(t, openapi.StatusActive, state.Status)
	data := s.stack.data
	require.Equal(t, lookUp[string](t, data, "SELECT id FROM users WHERE registration_id = ?", id), state.UserID)
	require.False(t, *state.EmailVerified, "a code by SMS proves the number, not the address")

	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	welcome := s.awaitMessages(t, form.Email, message.KindWelcome, 1)[0]
	require.Contains(t, welcome.Text, form.FirstName)
	requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	s.requireActive(t, id, code) // again
	requireProblem(t, s.resend(t, id, ""), http.StatusConflict, openapi.ProblemCodeAlreadyActive)

	byEmail, err := s.messages(t.Context(), form.Email)
	require.NoError(t, err)
	byNumber, err := s.messages(t.Context(), form.MobileNumber)
	require.NoError(t, err)
	require.Len(t, byEmail, 1)
	require.Len(t, byNumber, 2)
	require.Equal(t, "active", lookUp[string](t, data, "SELECT status FROM users WHERE registration_id = ?", created.RegistrationID))
	require.False(t, s.provenEmail(t, id))
}

func TestSignUpWithoutANumber(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newFormWithoutNumber()
	form.Username = ""
	created := s.mustRegister(t, form)
	require.EqualValues(t, message.ChannelEmail, created.Verification.Channel)
	code := s.awaitCode(t, form.Email, 1)
	decode[openapi.Progress](t, s.verify(t, created.RegistrationID, code), http.StatusOK)
	state := s.get(t, created.RegistrationID)
	require.Equal(t, openapi.StatusActive, state.Status)
	require.True(t, *state.EmailVerified)
	require.True(t, s.provenEmail(t, created.RegistrationID))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	require.Empty(t, s.outboxFor(t, form.Email, message.KindCompletion))
}

// provenEmail reports whether the database has a proof of the registration's address.
func (r *testService) provenEmail(t *testing.T, id string) bool {
	t.Helper()
	return lookUp[bool](t, r.stack.data, "SELECT email_verified_at IS NOT NULL FROM users WHERE registration_id = ?", id)
}

func TestUnknownRegistration(t *testing.T) {
	t.Parallel()
	s := shared(t)
	const id = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	requireProblem(t, s.mustCall(t, http.MethodGet, registrations+"/"+id, nil), http.StatusNotFound, openapi.ProblemCodeNotFound)
	requireProblem(t, s.verify(t, id, "123456"), http.StatusNotFound, openapi.ProblemCodeNotFound)
	requireProblem(t, s.resend(t, id, ""), http.StatusNotFound, openapi.ProblemCodeNotFound)
}
