package main

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	key := "key of " + form.Username
	requireProblem(t, s.register(t, form, "Idempotency-Key", key), http.StatusBadRequest, openapi.ProblemCodeInvalidIdempotencyKey)
	key = "key-of-" + form.Username

	const clients = 20
	answers := make([]answer, clients)
	errs := make([]error, clients)
	var group sync.WaitGroup
	for n := range clients {
		group.Go(func() {
			answers[n], errs[n] = s.call(t.Context(), http.MethodPost, registrations, form, "Idempotency-Key", key)
		})
	}
	group.Wait()
	require.NoError(t, errs[0])
	created := decode[openapi.RegistrationCreated](t, answers[0], http.StatusCreated)
	for n, a := range answers {
		require.NoError(t, errs[n])
		require.Equal(t, http.StatusCreated, a.status)
		require.Equal(t, string(answers[0].body), string(a.body))
	}
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requireSameAnswer(t, form, key, answers[0])

	s.requireActive(t, created.RegistrationID, code)
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.requireSameAnswer(t, form, key, answers[0])
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	require.Len(t, s.outboxFor(t, form.Email, message.KindWelcome), 1)
	require.Equal(t, 1, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE email_canonical = ?", form.Email))
}

// requireSameAnswer repeats a request and requires the first answer. It also requires that another request of the same client
// with the key is refused.
func (s *testClient) requireSameAnswer(t *testing.T, form openapi.RegistrationRequest, key string, first answer) {
	t.Helper()
	again := s.register(t, form, "Idempotency-Key", key)
	require.Equal(t, http.StatusCreated, again.status)
	require.Equal(t, string(first.body), string(again.body))
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	form.Password += "!"
	refused := s.register(t, form, "Idempotency-Key", key)
	requireProblem(t, refused, http.StatusUnprocessableEntity, openapi.ProblemCodeIdempotencyKeyReused)
}
