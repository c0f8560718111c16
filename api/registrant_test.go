package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// TestTokenOfARegistration: a registration's id is not a key. Without its token it does not seem to exist.
func TestTokenOfARegistration(t *testing.T) {
	t.Parallel()
	s := setup(t)
	created := decode[openapi.RegistrationCreated](t, s.send(t, "POST", registrations, with(validBody(), nil)))
	other := decode[openapi.RegistrationCreated](t, s.send(t, "POST", registrations, with(validBody(), nil)))
	require.NotEqual(t, created.RegistrationToken, other.RegistrationToken)
	path := registrations + "/" + created.RegistrationID
	requests := []struct{ method, path, body string }{
		{"GET", path, ""}, {"POST", path + "/verification", `{"code":"` + typedCode + `"}`}, {"POST", path + "/otp", ""},
	}
	for _, r := range requests {
		for _, value := range []string{"", "Bearer", "Bearer " + other.RegistrationToken, created.RegistrationToken, "Basic " + created.RegistrationToken} {
			requireProblem(t, s.send(t, r.method, r.path, r.body, "Authorization", value), http.StatusNotFound, openapi.ProblemCodeNotFound)
		}
		w := s.send(t, r.method, r.path, r.body, "Authorization", "bearer "+created.RegistrationToken)
		require.Less(t, w.Code, 300, r.path)
	}
}

// TestNextProof: after a right code, another one may be required.
func TestNextProof(t *testing.T) {
	t.Parallel()
	s := setup(t)
	next := sent()
	s.engine.verify = func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
		return workflows.VerifyResult{Next: &next}, nil
	}
	w := s.send(t, "POST", verificationPath, `{"code":"`+typedCode+`"}`)
	require.Equal(t, http.StatusOK, w.Code)
	body := decode[openapi.Progress](t, w)
	require.Equal(t, openapi.StatusPendingVerification, body.Status)
	require.Equal(t, openapi.VerificationChannelSMS, body.Verification.Channel)
}

func TestResendByChannel(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var got workflows.ResendInput
	s.engine.resend = func(_ context.Context, _ string, in workflows.ResendInput) (workflows.Verification, error) {
		got = in
		return sent(), nil
	}
	require.Equal(t, 202, s.send(t, "POST", otpPath, `{"channel":"email"}`).Code)
	require.Equal(t, workflows.ResendInput{Channel: message.ChannelEmail}, got)
	require.Equal(t, 202, s.send(t, "POST", otpPath, `{"channel":"sms","mobile_number":"+491701234567"}`).Code)
	require.Equal(t, "+491701234567", got.Mobile)
	for _, body := range []string{`{"channel":"fax"}`, `{"channel":"email","mobile_number":"+491701234567"}`} {
		w := s.send(t, "POST", otpPath, body)
		require.Equal(t, 422, w.Code)
		require.Contains(t, w.Body.String(), `"field":"channel"`)
	}
	for _, refusal := range []workflows.Refusal{workflows.RefusedNoNumber, workflows.RefusedNumberProven} {
		s.engine.resend = func(context.Context, string, workflows.ResendInput) (workflows.Verification, error) {
			return workflows.Verification{}, &workflows.RefusedError{Refusal: refusal}
		}
		w := s.send(t, "POST", otpPath, `{"channel":"sms"}`)
		require.Equal(t, 422, w.Code)
		require.Contains(t, w.Body.String(), `"field":"mobile_number"`)
	}
}

func TestEmailConfirmedByALink(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ byCode, byLink, want bool }{{false, false, false}, {true, false, true}, {false, true, true}} {
		s := setup(t)
		s.engine.confirmed = tt.byLink
		s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive, UserID: userID, EmailVerified: tt.byCode}}, nil
		}
		body := decode[openapi.Registration](t, s.send(t, "GET", registrationPath, ""))
		require.Equal(t, tt.want, *body.EmailVerified)
	}
}
