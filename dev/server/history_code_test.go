package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api"
)

// The stories in which an earlier code is entered.

func tellLateCode(t *testing.T, s *running) string {
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	late := s.awaitCode(t, form.MobileNumber, 1)
	decode[api.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	requireProblem(t, s.verify(t, id, wrong(late, s.awaitCode(t, form.MobileNumber, 2))), http.StatusUnprocessableEntity, api.ProblemCodeWrongCode)
	s.requireActive(t, id, late)
	return id
}

// tellLateCodeCorrectedNumber enters the code to the old number, then an earlier one to the new number.
func tellLateCodeCorrectedNumber(t *testing.T, s *running) string {
	form, right := somebody(), number()
	id := s.mustRegister(t, form).RegistrationID
	old := s.awaitCode(t, form.MobileNumber, 1)
	decode[api.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	late := s.awaitCode(t, right, 1)
	p := requireProblem(t, s.verify(t, id, old), http.StatusUnprocessableEntity, api.ProblemCodeWrongCode)
	require.Equal(t, 4, *p.AttemptsLeft)
	decode[api.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.awaitCode(t, right, 2)
	s.requireActive(t, id, late)
	return id
}
