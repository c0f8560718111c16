package main

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/client"
	"registrar/client/openapi"
	"registrar/internal/message"
)

// newUser returns the form of newForm as the Go client has it, without a number.
func newUser() openapi.RegistrationRequest {
	form := newForm()
	return openapi.RegistrationRequest{
		FirstName: form.FirstName, LastName: form.LastName, Username: form.Username, Email: form.Email, Password: form.Password,
	}
}

// TestGoClient runs the journey of the example in package client.
func TestGoClient(t *testing.T) {
	t.Parallel()
	s := shared(t)
	c, err := client.New(s.base)
	require.NoError(t, err)
	user := newUser()

	weak := user
	weak.Password = "password"
	_, err = c.Register(t.Context(), weak)
	require.Equal(t, openapi.FieldErrorFieldPassword, problemOf(t, err, openapi.ProblemCodeValidationFailed).Errors[0].Field)

	registration, err := c.Register(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, openapi.VerificationChannelEmail, registration.Verification.Channel)
	code := s.awaitCode(t, user.Email, 1)

	_, err = registration.Verify(t.Context(), wrong(code))
	require.Positive(t, *problemOf(t, err, openapi.ProblemCodeWrongCode).AttemptsLeft)
	_, err = registration.Resend(t.Context(), openapi.ResendRequest{})
	require.NoError(t, err)
	code = s.awaitCode(t, user.Email, 2)

	progress, err := c.Registration(registration.ID, registration.Token).Verify(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, openapi.StatusActive, progress.Status)
	state, err := registration.Get(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, state.UserID)
	require.True(t, *state.EmailVerified)

	user.Username = newUser().Username
	_, err = c.Register(t.Context(), user)
	problemOf(t, err, openapi.ProblemCodeEmailTaken)
	_, err = c.Registration(registration.ID, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").Get(t.Context())
	problemOf(t, err, openapi.ProblemCodeNotFound)
}

// problemOf returns the problem in err, and requires its code.
func problemOf(t *testing.T, err error, code openapi.ProblemCode) openapi.Problem {
	t.Helper()
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, code, p.Code)
	return p.Problem
}

// losing is a transport that loses the first answer.
type losing struct{ requests atomic.Int64 }

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if l.requests.Add(1) > 1 || err != nil {
		return answer, err
	}
	return nil, errors.Join(errors.New("the connection was lost"), answer.Body.Close())
}

func TestGoClientRegistersOnceAfterALostAnswer(t *testing.T) {
	t.Parallel()
	s := shared(t)
	connection := new(losing)
	c, err := client.New(s.base, client.WithHTTPClient(&http.Client{Transport: connection}))
	require.NoError(t, err)
	user := newUser()
	registration, err := c.Register(t.Context(), user)
	require.NoError(t, err)
	require.EqualValues(t, 2, connection.requests.Load())

	_, err = registration.Verify(t.Context(), s.awaitCode(t, user.Email, 1))
	require.NoError(t, err)
	s.awaitMessages(t, user.Email, message.KindWelcome, 1)
	require.Len(t, s.outboxFor(t, user.Email, message.KindOTP), 1, "there was only one registration")
}
