package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// TestResetKeepsCorrectedNumber resets registrations whose number was corrected, before and after the verification. No message
// may go to the wrong number after the correction.
func TestResetKeepsCorrectedNumber(t *testing.T) {
	t.Parallel()
	for name, verified := range map[string]bool{"pending": false, "active": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t)
			form, right := newForm(), newNumber()
			id := s.mustRegister(t, form).RegistrationID
			s.awaitCode(t, form.MobileNumber, 1)
			broken := s.refuseMessages(func(m message.Message) bool {
				return m.To == right && (m.Kind == message.KindOTP) != verified
			})
			decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
			if verified {
				s.requireActive(t, id, s.awaitCode(t, right, 1))
			}
			s.abandon(t, id)
			if !verified {
				require.Equal(t, openapi.StatusFailed, s.get(t, id).Status)
			}
			broken.over.Store(true)
			s.reset(t, id)
			if !verified {
				s.requireActive(t, id, s.awaitCode(t, right, 1))
			}
			s.awaitMessages(t, right, message.KindCompletion, 1)
			s.awaitMessages(t, form.Email, message.KindWelcome, 1)
			toWrongNumber, err := s.messages(t.Context(), form.MobileNumber)
			require.NoError(t, err)
			require.Len(t, toWrongNumber, 1, "only the first code")
		})
	}
}

// TestAbandonedRegistrationIsFailed abandons a registration whose only failure is the welcome email.
func TestAbandonedRegistrationIsFailed(t *testing.T) {
	t.Parallel()
	s := startService(t)
	form := newForm()
	s.refuseMessages(isWelcome)
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	s.abandon(t, id)
	require.Equal(t, openapi.StatusFailed, s.get(t, id).Status)
	requireProblem(t, s.verify(t, id, code), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
}
