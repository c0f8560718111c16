package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
)

// Scenarios in which an earlier code is entered.

func runLateCode(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	late := s.awaitCode(t, form.MobileNumber, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	requireProblem(t, s.verify(t, id, wrong(late, s.awaitCode(t, form.MobileNumber, 2))), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	s.requireActive(t, id, late)
	return id
}

// runLateCodeCorrectedNumber enters the code sent to the old number, then the first code sent to the new number.
func runLateCodeCorrectedNumber(t *testing.T, s *testService) string {
	form, right := newForm(), newNumber()
	id := s.mustRegister(t, form).RegistrationID
	old := s.awaitCode(t, form.MobileNumber, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	late := s.awaitCode(t, right, 1)
	p := requireProblem(t, s.verify(t, id, old), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	require.Equal(t, 4, *p.AttemptsLeft)
	decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.awaitCode(t, right, 2)
	s.requireActive(t, id, late)
	return id
}
