package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// concealedAndShort are the settings of a service that conceals accounts, and whose registrations expire soon.
var concealedAndShort = []string{"CONCEAL_ACCOUNTS=true", "OTP_TTL=5s", "VERIFICATION_WINDOW=5s"}

// step is one request to a registration. It returns the answer to the request.
type step func(t *testing.T, id string) answer

// Two registrations, one of an address that has an account and one of a new address, get the same answers all the way.
func TestConcealedRegistrationLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := startService(t, "CONCEAL_ACCOUNTS=true")
	holder := s.activeByEmail(t)
	taken, fresh := newForm(), newForm()
	taken.Email = holder.Email
	first, second := s.register(t, taken), s.register(t, fresh)
	require.Equal(t, shapeOf(t, second), shapeOf(t, first))
	concealed, usual := decode[openapi.RegistrationCreated](t, first, http.StatusCreated), decode[openapi.RegistrationCreated](t, second, http.StatusCreated)
	require.EqualValues(t, message.ChannelEmail, concealed.Verification.Channel, "whatever else was given")
	s.awaitMessages(t, holder.Email, message.KindAccountExists, 1)
	s.awaitCode(t, fresh.Email, 1)
	require.WithinDuration(t, usual.Verification.ExpiresAt, concealed.Verification.ExpiresAt, 2*time.Second)

	corrected := newNumber()
	otp := func(body openapi.ResendRequest) step {
		return func(t *testing.T, id string) answer {
			return s.resendWith(t, id, body)
		}
	}
	get := func(t *testing.T, id string) answer { return s.mustCall(t, http.MethodGet, registrations+"/"+id, nil) }
	enter := func(t *testing.T, id string) answer { return s.verify(t, id, wrong(s.awaitCode(t, fresh.Email, 1))) }
	steps := []step{get, enter, otp(openapi.ResendRequest{}), get, enter, otp(openapi.ResendRequest{Channel: "sms"}), enter, get,
		otp(openapi.ResendRequest{MobileNumber: corrected}), get, enter, enter, enter, enter, enter, enter, get, otp(openapi.ResendRequest{}), get}
	for n, do := range steps {
		want := shapeOf(t, do(t, usual.RegistrationID))
		require.Equal(t, want, shapeOf(t, do(t, concealed.RegistrationID)), "step %d", n)
	}
	s.requireOneNoticeADay(t, holder.Email)
	for _, number := range []string{taken.MobileNumber, fresh.MobileNumber, corrected} {
		toNumber, err := s.messages(t.Context(), number)
		require.NoError(t, err)
		require.Empty(t, toNumber, "the asker's own phone reveals nothing")
	}
	require.Len(t, s.outboxFor(t, holder.Email, message.KindOTP), 1, "the holder's own code")
	require.Len(t, s.outboxFor(t, holder.Email, message.KindWelcome), 1)
}

// requireOneNoticeADay requires that the holder of an address got one account_exists email for each day (UTC).
func (s *testClient) requireOneNoticeADay(t *testing.T, email string) {
	t.Helper()
	days := map[string]int{}
	for _, m := range s.outboxFor(t, email, message.KindAccountExists) {
		days[m.SentAt.UTC().Format(time.DateOnly)]++
	}
	require.NotEmpty(t, days)
	for day, n := range days {
		require.Equal(t, 1, n, day)
	}
}

// Many registrations of one address send its holder one email. The username of another user is refused, whoever has the
// address.
func TestConcealedAccountsAndUsernames(t *testing.T) {
	t.Parallel()
	s := startService(t, concealedAndShort...)
	holder := s.activeByEmail(t)
	var taken []string
	for range 3 {
		form := newForm()
		form.Email = holder.Email
		taken = append(taken, s.mustRegister(t, form).RegistrationID)
	}
	var refusals []shape
	for _, email := range []string{holder.Email, newForm().Email} {
		form := newForm()
		form.Email, form.Username = email, holder.Username
		a := s.register(t, form)
		requireProblem(t, a, http.StatusConflict, openapi.ProblemCodeUsernameTaken)
		refusals = append(refusals, shapeOf(t, a))
	}
	require.Equal(t, refusals[1], refusals[0], "a refused username reveals nothing about the address")
	fresh := newForm()
	unverified := s.mustRegister(t, fresh).RegistrationID

	for _, id := range append(taken, unverified) { // also one that was never verified
		s.awaitStatus(t, id, openapi.StatusExpired)
	}
	require.Equal(t, shapeOf(t, s.mustCall(t, http.MethodGet, registrations+"/"+unverified, nil)),
		shapeOf(t, s.mustCall(t, http.MethodGet, registrations+"/"+taken[0], nil)))
	for _, id := range taken {
		s.awaitEnd(t, id)
	}
	s.requireOneNoticeADay(t, holder.Email)
	require.Equal(t, 1, s.countWith(t, holder.Email), "only the holder has the address")
}

// A fresh address in this mode: the code by email activates the account, and the number stays unproven.
func TestConcealedServiceActivatesByEmail(t *testing.T) {
	t.Parallel()
	s := startService(t, "CONCEAL_ACCOUNTS=true")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	require.True(t, *s.get(t, id).EmailVerified)
	require.Empty(t, s.outboxFor(t, form.MobileNumber, message.KindOTP))
}
