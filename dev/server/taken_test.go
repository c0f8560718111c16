package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

func TestProvenEmailAndUsernameOfActiveUserAreTaken(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := s.activeByEmail(t)

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

// activeByEmail registers a user who proves the address.
func (s *testClient) activeByEmail(t *testing.T) openapi.RegistrationRequest {
	t.Helper()
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	return form
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
