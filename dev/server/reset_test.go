package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/message"
)

// TestAResetKeepsACorrectedNumber gives registrations up whose number was corrected, before and after it was verified:
// nothing may go to the number that was wrong.
func TestAResetKeepsACorrectedNumber(t *testing.T) {
	t.Parallel()
	for name, verified := range map[string]bool{"pending": false, "active": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch(t)
			form, right := somebody(), number()
			id := s.mustRegister(t, form).RegistrationID
			s.awaitCode(t, form.MobileNumber, 1)
			broken := s.refused(func(m message.Message) bool {
				return m.To == right && (m.Kind == message.KindOTP) != verified
			})
			decode[api.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
			if verified {
				s.requireActive(t, id, s.awaitCode(t, right, 1))
			}
			s.giveUp(t, id)
			if !verified {
				require.Equal(t, api.StatusFailed, s.get(t, id).Status)
			}
			broken.over.Store(true)
			s.reset(t, id)
			if !verified {
				s.requireActive(t, id, s.awaitCode(t, right, 1))
			}
			s.awaitMessages(t, right, message.KindCompletion, 1)
			s.awaitMessages(t, form.Email, message.KindWelcome, 1)
			strange, err := s.messages(t.Context(), form.MobileNumber)
			require.NoError(t, err)
			require.Len(t, strange, 1, "the first code and nothing else")
		})
	}
}

// TestARegistrationThatWasGivenUpSaysSo abandons a registration of which only the welcome email has failed.
func TestARegistrationThatWasGivenUpSaysSo(t *testing.T) {
	t.Parallel()
	s := launch(t)
	form := somebody()
	s.refused(isWelcome)
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	require.Equal(t, api.StatusPendingVerification, s.get(t, id).Status)
	s.giveUp(t, id)
	require.Equal(t, api.StatusFailed, s.get(t, id).Status)
	requireProblem(t, s.verify(t, id, code), http.StatusGone, api.ProblemCodeRegistrationClosed)
}
