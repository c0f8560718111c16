package main

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// requireActive enters the right code and requires that the registration becomes active.
func (s *testClient) requireActive(t *testing.T, id, code string) {
	t.Helper()
	p := decode[openapi.Progress](t, s.verify(t, id, code), http.StatusOK)
	require.Equal(t, openapi.StatusActive, p.Status)
}

// awaitActive is like requireActive, but also accepts answers that ask the client to retry.
func (s *testClient) awaitActive(t *testing.T, id, code string) {
	t.Helper()
	await(t, "activation", func() (answer, bool) {
		a := s.verify(t, id, code)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusServiceUnavailable}, a.status, "%s", a.body)
		return a, a.status == http.StatusOK
	})
}

func TestWrongAttemptsAreLimitedPerCode(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	first := s.awaitCode(t, form.MobileNumber, 1)
	for left := 4; left >= 0; left-- {
		p := requireProblem(t, s.verify(t, id, wrong(first)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
		require.Equal(t, left, *p.AttemptsLeft)
	}
	requireProblem(t, s.verify(t, id, first), http.StatusTooManyRequests, openapi.ProblemCodeTooManyAttempts)

	sent := decode[openapi.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	require.EqualValues(t, message.ChannelSMS, sent.Verification.Channel)
	second := s.awaitCode(t, form.MobileNumber, 2)
	require.NotEqual(t, first, second)
	p := requireProblem(t, s.verify(t, id, first), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	require.Equal(t, 4, *p.AttemptsLeft, "the new code has its own attempts, and the old one has none left")
	s.requireActive(t, id, second[:3]+" "+second[3:])
}

func TestUserCorrectsWrongNumber(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	right := newNumber()
	created := s.mustRegister(t, form)
	id := created.RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	requireProblem(t, s.resend(t, id, "+1 415"), http.StatusUnprocessableEntity, openapi.ProblemCodeValidationFailed)
	sent := decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	require.NotEqual(t, created.Verification.Destination, sent.Verification.Destination)
	s.requireActive(t, id, s.awaitCode(t, right, 1))
	s.awaitMessages(t, right, message.KindCompletion, 1)
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	require.Empty(t, s.outboxFor(t, form.MobileNumber, message.KindCompletion))
	require.Equal(t, right, lookUp[string](t, s.stack.data, "SELECT mobile_e164 FROM users WHERE registration_id = ?", id))
}

// A number that the user adds is one more proof. It does not replace the proof of the address.
func TestUserAddsMissingNumber(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newFormWithoutNumber()
	mobile := newNumber()
	id := s.mustRegister(t, form).RegistrationID
	byEmail := s.awaitCode(t, form.Email, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, mobile), http.StatusAccepted)
	s.requireNext(t, id, s.awaitCode(t, mobile, 1), message.ChannelEmail)
	s.awaitCode(t, form.Email, 2)
	s.requireActive(t, id, byEmail)
	require.True(t, s.provenEmail(t, id))
	require.Equal(t, mobile, lookUp[string](t, s.stack.data, "SELECT mobile_e164 FROM users WHERE registration_id = ?", id))
}

// requireNext enters a right code and requires that another code, by channel, is needed.
func (s *testClient) requireNext(t *testing.T, id, code string, channel message.Channel) {
	t.Helper()
	p := decode[openapi.Progress](t, s.verify(t, id, code), http.StatusOK)
	require.Equal(t, openapi.StatusPendingVerification, p.Status)
	require.EqualValues(t, channel, p.Verification.Channel)
}

func TestResendsAreLimited(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	for n := 1; n <= 3; n++ {
		s.awaitCode(t, form.MobileNumber, n)
		decode[openapi.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	}
	last := s.awaitCode(t, form.MobileNumber, 4)
	requireProblem(t, s.resend(t, id, ""), http.StatusTooManyRequests, openapi.ProblemCodeTooManyResends)
	s.requireActive(t, id, last)
}

func TestResendsHaveACooldown(t *testing.T) {
	t.Parallel()
	s := startService(t, "OTP_RESEND_COOLDOWN=2s")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	refused := s.resend(t, id, "")
	requireProblem(t, refused, http.StatusTooManyRequests, openapi.ProblemCodeResendCooldown)
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.True(t, seconds == 1 || seconds == 2, seconds)
	await(t, "the end of the cooldown", func() (answer, bool) {
		a := s.resend(t, id, "")
		return a, a.status == http.StatusAccepted
	})
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 2))
}

func TestCodesExpire(t *testing.T) {
	t.Parallel()
	s := startService(t, "OTP_TTL=3s", "OTP_TRIES=20")
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	first := s.awaitCode(t, form.Email, 1)
	expired := await(t, "the code to expire", func() (answer, bool) {
		// The time is in whole seconds. It becomes later when the workflow learns that the code was sent.
		if expiry := s.get(t, id).Verification.ExpiresAt; time.Now().Before(expiry.Add(time.Second)) {
			return answer{}, false
		}
		a := s.verify(t, id, wrong(first))
		return a, a.status == http.StatusGone
	})
	requireProblem(t, expired, http.StatusGone, openapi.ProblemCodeCodeExpired)
	requireProblem(t, s.verify(t, id, first), http.StatusGone, openapi.ProblemCodeCodeExpired)
	decode[openapi.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	s.requireActive(t, id, s.awaitCode(t, form.Email, 2))
}

func TestRegistrationsExpire(t *testing.T) {
	t.Parallel()
	s := startService(t, "OTP_TTL=2s", "VERIFICATION_WINDOW=2s")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.awaitStatus(t, id, openapi.StatusExpired)
	requireProblem(t, s.verify(t, id, code), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
	requireProblem(t, s.resend(t, id, ""), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
	require.Zero(t, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users"))
	require.Zero(t, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM profiles"))

	again := s.mustRegister(t, form)
	require.NotEqual(t, id, again.RegistrationID)
	s.awaitCode(t, form.MobileNumber, 2)
	require.Equal(t, openapi.StatusExpired, s.get(t, id).Status)
}
