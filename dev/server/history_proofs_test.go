package main

import (
	"net/http"
	"testing"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// Scenarios in which the address is proven, or in which several proofs are needed.

// runReleased proves an address that an active account has, unproven.
func runReleased(t *testing.T, s *testService) string {
	owner := newForm()
	attacker, _ := s.squat(t, owner)
	id := s.mustRegister(t, owner).RegistrationID
	s.requireActive(t, id, s.codeOf(t, owner.Email, id))
	s.awaitMessages(t, attacker.MobileNumber, message.KindEmailReleased, 1)
	return id
}

// runAddedNumber adds a number to a registration by email, which needs both codes then.
func runAddedNumber(t *testing.T, s *testService) string {
	form, mobile := newFormWithoutNumber(), newNumber()
	id := s.mustRegister(t, form).RegistrationID
	byEmail := s.awaitCode(t, form.Email, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, mobile), http.StatusAccepted)
	s.requireNext(t, id, s.awaitCode(t, mobile, 1), message.ChannelEmail)
	s.requireActive(t, id, byEmail)
	return id
}

func runBothProofs(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireNext(t, id, s.awaitCode(t, form.Email, 1), message.ChannelSMS)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	return id
}

// runConcealed registers an address that is held, and lets the registration expire.
func runConcealed(t *testing.T, s *testService) string {
	holder := s.activeByEmail(t)
	form := newForm()
	form.Email = holder.Email
	id := s.mustRegister(t, form).RegistrationID
	s.awaitMessages(t, holder.Email, message.KindAccountExists, 1)
	s.awaitStatus(t, id, openapi.StatusExpired)
	return id
}
