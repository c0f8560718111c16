package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

func TestEmailAndUsernameOfActiveUserAreTaken(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))

	sameEmail := newForm()
	sameEmail.Email = strings.ToUpper(form.Email)
	requireProblem(t, s.register(t, sameEmail, "Idempotency-Key", "taken-"+form.Username),
		http.StatusConflict, openapi.ProblemCodeEmailTaken)
	requireProblem(t, s.register(t, sameEmail, "Idempotency-Key", "taken-"+form.Username),
		http.StatusConflict, openapi.ProblemCodeEmailTaken)
	sameUsername := newForm()
	sameUsername.Username = strings.ToUpper(form.Username)
	requireProblem(t, s.register(t, sameUsername), http.StatusConflict, openapi.ProblemCodeUsernameTaken)

	for _, refused := range []openapi.RegistrationRequest{sameEmail, sameUsername} {
		require.Empty(t, s.outboxFor(t, refused.MobileNumber, message.KindOTP))
	}
	require.Equal(t, 1, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE email_canonical = ?", form.Email))
}

func TestUsernameOfPendingUserIsTaken(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	s.mustRegister(t, form)
	other := newForm()
	other.Username = form.Username
	requireProblem(t, s.register(t, other), http.StatusConflict, openapi.ProblemCodeUsernameTaken)
}

func TestLaterRegistrationTakesOver(t *testing.T) {
	t.Parallel()
	s := shared(t)
	older := newForm()
	first := s.mustRegister(t, older)
	oldCode := s.awaitCode(t, older.MobileNumber, 1)

	newer := newForm()
	newer.Email, newer.Username = older.Email, older.Username
	second := s.mustRegister(t, newer)
	require.NotEqual(t, first.RegistrationID, second.RegistrationID)
	s.awaitStatus(t, first.RegistrationID, openapi.StatusSuperseded)
	requireProblem(t, s.verify(t, first.RegistrationID, oldCode), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
	requireProblem(t, s.resend(t, first.RegistrationID, ""), http.StatusGone, openapi.ProblemCodeRegistrationClosed)

	s.requireActive(t, second.RegistrationID, s.awaitCode(t, newer.MobileNumber, 1))
	data := s.stack.data
	require.Equal(t, 1, lookUp[int](t, data, "SELECT COUNT(*) FROM users WHERE email_canonical = ?", older.Email))
	require.Equal(t, second.UserID, lookUp[string](t, data, "SELECT id FROM users WHERE email_canonical = ?", older.Email))
	require.Equal(t, newer.MobileNumber, lookUp[string](t, data, "SELECT mobile_e164 FROM users WHERE id = ?", second.UserID))
	require.Equal(t, openapi.StatusSuperseded, s.get(t, first.RegistrationID).Status)
}

// Parallel requests without an Idempotency-Key are separate registrations. One wins, and only its code activates the user.
func TestParallelRegistrationsWithOneEmail(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	const concurrency = 8
	answers := make([]answer, concurrency)
	errs := make([]error, concurrency)
	var group sync.WaitGroup
	for n := range concurrency {
		group.Go(func() { answers[n], errs[n] = s.call(t.Context(), http.MethodPost, registrations, form) })
	}
	group.Wait()
	var ids []string
	for n, a := range answers {
		require.NoError(t, errs[n])
		if a.status == http.StatusConflict {
			requireProblem(t, a, http.StatusConflict, openapi.ProblemCodeSuperseded)
			continue
		}
		ids = append(ids, decode[openapi.RegistrationCreated](t, a, http.StatusCreated).RegistrationID)
	}
	owner := lookUp[string](t, s.stack.data, "SELECT registration_id FROM users WHERE email_canonical = ?", form.Email)
	require.Contains(t, ids, owner)
	for _, id := range ids {
		if id != owner {
			s.awaitStatus(t, id, openapi.StatusSuperseded)
		}
	}
	sent := await(t, "the owner's code", func() (string, bool) {
		for _, m := range s.outboxFor(t, form.MobileNumber, message.KindOTP) {
			if m.RegistrationID == owner {
				return codeIn(m), true
			}
		}
		return "", false
	})
	s.requireActive(t, owner, sent)
}
