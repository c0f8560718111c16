package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
)

// dev sets no limits by default, but the environment can set them.
func TestEnvironmentSetsLimits(t *testing.T) {
	t.Parallel()
	s := startService(t, "LIMIT_DESTINATION_CLIENTS=1/1h", "LIMIT_CODES=2/1h")
	form := newForm()
	created := decode[openapi.RegistrationCreated](t, s.register(t, form, "Idempotency-Key", form.Username), http.StatusCreated)
	again := s.register(t, form, "Idempotency-Key", form.Username)
	require.Equal(t, created, decode[openapi.RegistrationCreated](t, again, http.StatusCreated), "a retry with the same key is not refused")
	refused := s.register(t, form)
	requireProblem(t, refused, http.StatusTooManyRequests, openapi.ProblemCodeRateLimited)
	require.NotEmpty(t, refused.header.Get("Retry-After"))

	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requireActive(t, created.RegistrationID, code)
	requireProblem(t, s.resend(t, created.RegistrationID, ""), http.StatusConflict, openapi.ProblemCodeAlreadyActive)
	requireProblem(t, s.verify(t, created.RegistrationID, code), http.StatusTooManyRequests, openapi.ProblemCodeRateLimited)
}
