package main

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// squat registers the address of a form with another number, and enters the code that went to it.
func (s *testClient) squat(t *testing.T, owner openapi.RegistrationRequest) (form openapi.RegistrationRequest, id string) {
	t.Helper()
	form = newForm()
	form.Email = owner.Email
	id = s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	return form, id
}

// An attacker activates an account with the owner's address and a phone of their own. The address still goes to its owner.
func TestOwnerGetsTheAddressOfAnActiveAccount(t *testing.T) {
	t.Parallel()
	s := shared(t)
	owner := newForm()
	attacker, squatted := s.squat(t, owner)
	require.False(t, *s.get(t, squatted).EmailVerified)

	created := s.mustRegister(t, owner)
	require.EqualValues(t, message.ChannelEmail, created.Verification.Channel, "whatever else was given")
	s.requireActive(t, created.RegistrationID, s.codeOf(t, owner.Email, created.RegistrationID))
	require.True(t, *s.get(t, created.RegistrationID).EmailVerified)
	require.Empty(t, s.outboxFor(t, owner.MobileNumber, message.KindOTP))

	data := s.stack.data
	require.Equal(t, created.RegistrationID, lookUp[string](t, data, "SELECT registration_id FROM users WHERE email_canonical = ?", owner.Email))
	s.awaitMessages(t, attacker.MobileNumber, message.KindEmailReleased, 1)
	lost := s.get(t, squatted)
	require.Equal(t, openapi.StatusActive, lost.Status, "the attacker keeps an account")
	require.False(t, *lost.EmailVerified)
	require.Equal(t, created.RegistrationID, lookUp[string](t, data, "SELECT email_released_by FROM users WHERE registration_id = ? AND email IS NULL", squatted))
	s.awaitEnd(t, created.RegistrationID)
	require.Len(t, s.outboxFor(t, attacker.MobileNumber, message.KindEmailReleased), 1)

	again := newForm()
	again.Email = owner.Email
	requireProblem(t, s.register(t, again), http.StatusConflict, openapi.ProblemCodeEmailTaken)
}

// A code by SMS, to a number that was added later, does not replace the proof of the address.
func TestNumberIsOneMoreProofOfARegistrationByEmail(t *testing.T) {
	t.Parallel()
	s := shared(t)
	owner := newFormWithoutNumber()
	attacker := newFormWithoutNumber()
	attacker.Email = owner.Email
	phone := newNumber()
	id := s.mustRegister(t, attacker).RegistrationID
	decode[openapi.CodeSent](t, s.resend(t, id, phone), http.StatusAccepted)
	bySMS := s.awaitCode(t, phone, 1)
	s.requireNext(t, id, bySMS, message.ChannelEmail)
	s.requireNext(t, id, bySMS, message.ChannelEmail)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	require.False(t, s.provenEmail(t, id))

	created := s.mustRegister(t, owner)
	s.requireActive(t, created.RegistrationID, s.codeOf(t, owner.Email, created.RegistrationID))
	s.awaitStatus(t, id, openapi.StatusSuperseded)
}

// In the registration of an address that somebody else has too, the asker's phone does not replace the proof of the address.
func TestNumberIsOneMoreProofOfAContestedAddress(t *testing.T) {
	t.Parallel()
	s := shared(t)
	owner := newFormWithoutNumber()
	s.mustRegister(t, owner)
	attacker, other := newForm(), newNumber()
	attacker.Email = owner.Email
	created := s.mustRegister(t, attacker)
	require.EqualValues(t, message.ChannelEmail, created.Verification.Channel)
	id := created.RegistrationID
	for _, ask := range []struct {
		body  openapi.ResendRequest
		phone string
	}{
		{openapi.ResendRequest{Channel: "sms"}, attacker.MobileNumber},
		{openapi.ResendRequest{MobileNumber: other}, other},
	} {
		sent := decode[openapi.CodeSent](t, s.resendWith(t, id, ask.body), http.StatusAccepted)
		require.EqualValues(t, message.ChannelSMS, sent.Verification.Channel)
		s.awaitCode(t, ask.phone, 1)
	}
	s.requireNext(t, id, s.awaitCode(t, other, 1), message.ChannelEmail)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
}

// codeOf waits for a registration's newest code to an address that other registrations have too.
func (s *testClient) codeOf(t *testing.T, to, id string) string {
	t.Helper()
	return await(t, "a code of "+id, func() (string, bool) {
		for _, m := range s.outboxFor(t, to, message.KindOTP) {
			if m.RegistrationID == id {
				return codeIn(m), true
			}
		}
		return "", false
	})
}

// Pending registrations with one address exist side by side. The first proof wins, not the last request.
func TestFirstProofOfAnAddressWins(t *testing.T) {
	t.Parallel()
	for name, winner := range map[string]int{"the earlier request": 0, "the later request": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			form := newFormWithoutNumber()
			var ids, codes [2]string
			for n := range ids {
				a := s.register(t, form)
				ids[n] = decode[openapi.RegistrationCreated](t, a, http.StatusCreated).RegistrationID
				codes[n] = s.codeOf(t, form.Email, ids[n])
				require.NotContains(t, string(a.body), "user_id")
			}
			for _, id := range ids {
				state := s.get(t, id)
				require.Equal(t, openapi.StatusPendingVerification, state.Status)
				require.Empty(t, state.UserID, "no user id before the account is active")
			}
			requireProblem(t, s.verify(t, ids[1-winner], codes[winner]), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)

			s.requireActive(t, ids[winner], codes[winner])
			requireProblem(t, s.verify(t, ids[1-winner], codes[1-winner]), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
			lost := s.awaitStatus(t, ids[1-winner], openapi.StatusSuperseded)
			require.Empty(t, lost.UserID)
			won := s.get(t, ids[winner])
			require.Equal(t, lookUp[string](t, s.stack.data, "SELECT id FROM users WHERE email_canonical = ?", form.Email), won.UserID)
			require.Equal(t, form.Username, lookUp[string](t, s.stack.data, "SELECT username FROM users WHERE id = ?", won.UserID),
				"the winner gets the username of the form that was filled in twice")
		})
	}
}

// Requests without an Idempotency-Key are separate registrations. At most one of them gets the address.
func TestParallelProofsOfOneAddress(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newFormWithoutNumber()
	form.Username = ""
	const concurrency = 6
	ids, codes := make([]string, concurrency), make([]string, concurrency)
	for n, a := range s.eachAtOnce(t, concurrency, func(int) (string, any) { return registrations, form }) {
		ids[n] = decode[openapi.RegistrationCreated](t, a, http.StatusCreated).RegistrationID
	}
	for n, id := range ids {
		codes[n] = s.codeOf(t, form.Email, id)
	}
	answers := s.eachAtOnce(t, concurrency, func(n int) (string, any) {
		return registrations + "/" + ids[n] + "/verification", openapi.VerificationRequest{Code: codes[n]}
	})
	active := ""
	for n, a := range answers {
		if a.status == http.StatusOK {
			require.Empty(t, active, "two registrations got the address")
			active = ids[n]
			continue
		}
		requireProblem(t, a, http.StatusGone, openapi.ProblemCodeRegistrationClosed)
		s.awaitStatus(t, ids[n], openapi.StatusSuperseded)
	}
	require.Equal(t, active, lookUp[string](t, s.stack.data, "SELECT registration_id FROM users WHERE email_canonical = ?", form.Email))
	require.Equal(t, 1, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE email_canonical = ?", form.Email))
}

// eachAtOnce sends n POST requests at the same time.
func (s *testClient) eachAtOnce(t *testing.T, n int, request func(n int) (path string, body any)) []answer {
	t.Helper()
	answers, errs := make([]answer, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			path, body := request(i)
			answers[i], errs[i] = s.call(t.Context(), http.MethodPost, path, body)
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return answers
}
