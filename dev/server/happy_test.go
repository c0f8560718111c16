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
	require.Equal(t, created.UserID, state.UserID)

	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	welcome := s.awaitMessages(t, form.Email, message.KindWelcome, 1)[0]
	require.Contains(t, welcome.Text, form.FirstName)
	require.Equal(t, openapi.StatusActive, decode[openapi.Progress](t, s.verify(t, id, wrong(code)), http.StatusOK).Status, "an active registration stays active")
	requireProblem(t, s.resend(t, id, ""), http.StatusConflict, openapi.ProblemCodeAlreadyActive)

	byEmail, err := s.messages(t.Context(), form.Email)
	require.NoError(t, err)
	byNumber, err := s.messages(t.Context(), form.MobileNumber)
	require.NoError(t, err)
	require.Len(t, byEmail, 1)
	require.Len(t, byNumber, 2)
	data := s.stack.data
	require.Equal(t, "active", lookUp[string](t, data, "SELECT status FROM users WHERE id = ?", created.UserID))
	require.False(t, lookUp[bool](t, data, "SELECT email_verified_at IS NOT NULL FROM users WHERE id = ?", created.UserID),
		"a code by SMS proves the number, not the address")
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
	require.Equal(t, openapi.StatusActive, s.get(t, created.RegistrationID).Status)
	require.True(t, lookUp[bool](t, s.stack.data, "SELECT email_verified_at IS NOT NULL FROM users WHERE id = ?", created.UserID))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	require.Empty(t, s.outboxFor(t, form.Email, message.KindCompletion))
}

func TestUnknownRegistration(t *testing.T) {
	t.Parallel()
	s := shared(t)
	const id = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	requireProblem(t, s.mustCall(t, http.MethodGet, registrations+"/"+id, nil), http.StatusNotFound, openapi.ProblemCodeNotFound)
	requireProblem(t, s.verify(t, id, "123456"), http.StatusNotFound, openapi.ProblemCodeNotFound)
	requireProblem(t, s.resend(t, id, ""), http.StatusNotFound, openapi.ProblemCodeNotFound)
}
