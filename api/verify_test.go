package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/workflows"
)

const (
	verificationPath = registrations + "/" + registrationID + "/verification"
	otpPath          = registrations + "/" + registrationID + "/otp"
)

func refusedError(r workflows.Refusal, in time.Duration) error {
	refused := &workflows.RefusedError{Refusal: r}
	if in != 0 {
		refused.RetryAt = now.Add(in)
	}
	return fmt.Errorf("update: %w", refused)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		out    workflows.VerifyResult
		err    error
		status int
		code   openapi.ProblemCode
		retry  string
	}{
		{"right", workflows.VerifyResult{Active: true}, nil, 200, "", ""},
		{"already active", workflows.VerifyResult{}, refusedError(workflows.RefusedActive, 0), 200, "", ""},
		{"activating", workflows.VerifyResult{}, refusedError(workflows.RefusedActivating, 0), 202, "", ""},
		{"unconfirmed", workflows.VerifyResult{}, engine.ErrUnconfirmed, 202, "", ""},
		{"unknown", workflows.VerifyResult{}, engine.ErrNotFound, 404, "not_found", ""},
		{"not ready", workflows.VerifyResult{}, refusedError(workflows.RefusedNotReady, 0), 409, "not_ready", "1"},
		{"expired", workflows.VerifyResult{}, refusedError(workflows.RefusedCodeExpired, 0), 410, "code_expired", ""},
		{"closed", workflows.VerifyResult{}, refusedError(workflows.RefusedClosed, 0), 410, "registration_closed", ""},
		{"wrong", workflows.VerifyResult{AttemptsLeft: 3}, nil, 422, "wrong_code", ""},
		{"wrong, the last try", workflows.VerifyResult{}, nil, 422, "wrong_code", ""},
		{"tries used up", workflows.VerifyResult{}, refusedError(workflows.RefusedTooManyAttempts, 0), 429, "too_many_attempts", ""},
		{"unknown refusal", workflows.VerifyResult{}, refusedError("new", 0), 500, "internal", ""},
		{"defect", workflows.VerifyResult{}, errors.New("unexpected"), 500, "internal", ""},
		{"unavailable", workflows.VerifyResult{}, fmt.Errorf("dial: %w", engine.ErrUnavailable), 503, "unavailable", "3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.verify = func(_ context.Context, id string, in workflows.VerifyInput) (workflows.VerifyResult, error) {
				require.Equal(t, registrationID, id)
				require.Equal(t, keyring().CodeDigests(id, typedCode), in.Digests)
				return tt.out, tt.err
			}
			w := s.send(t, "POST", verificationPath, `{"code": "`+typedCode+`"}`)
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Equal(t, tt.retry, w.Header().Get("Retry-After"))
			if tt.code != "" {
				requireProblem(t, w, tt.status, tt.code)
			}
			switch {
			case tt.code == openapi.ProblemCodeWrongCode:
				require.Equal(t, &tt.out.AttemptsLeft, problemBody(t, w).AttemptsLeft)
			case tt.status == 200:
				require.Equal(t, openapi.Progress{
					Message: "Your account is active.", RegistrationID: registrationID, Status: openapi.StatusActive,
				}, decode[openapi.Progress](t, w))
			case tt.status == 202:
				require.Equal(t, openapi.StatusPendingVerification, decode[openapi.Progress](t, w).Status)
			}
		})
	}
}

func TestVerifyAcceptsFormattedCodes(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		typedCode, " 493817\n", "493 817", "493-817", "493–817", "4 9 3\u00a08 1 7", "٤٩٣٨١٧", "۴۹۳۸۱۷", "４９３８１７", "४९३ ८१७",
		"\u202a493817\u202c", "493\u200b817\u2060", "\ufeff493817", strings.Repeat("\u200b", 1000) + typedCode,
	} {
		s := setup(t)
		s.engine.verify = func(_ context.Context, _ string, in workflows.VerifyInput) (workflows.VerifyResult, error) {
			require.Equal(t, keyring().CodeDigests(registrationID, typedCode), in.Digests)
			return workflows.VerifyResult{Active: true}, nil
		}
		w := s.send(t, "POST", verificationPath, with(map[string]any{"code": typed}, nil))
		require.Equal(t, 200, w.Code, "%q: %s", typed, w.Body)
	}
}

func TestVerifyRefusesInvalidCodes(t *testing.T) {
	t.Parallel()
	for typed, rule := range map[string]openapi.FieldErrorCode{
		"": "required", " - ": "required", "\u200f": "required",
		"493": "invalid", "49381749381": "invalid", "49381x": "invalid", "+493817": "invalid",
	} {
		w := setup(t).send(t, "POST", verificationPath, with(map[string]any{"code": typed}, nil))
		requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
		require.Equal(t, rule, problemBody(t, w).Errors[0].Code, "%q", typed)
		require.Equal(t, openapi.FieldErrorFieldCode, problemBody(t, w).Errors[0].Field, "%q", typed)
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   openapi.ProblemCode
		retry  string
	}{
		{"sent", nil, 202, "", ""},
		{"unknown", engine.ErrNotFound, 404, "not_found", ""},
		{"active", refusedError(workflows.RefusedActive, 0), 409, "already_active", ""},
		{"activating", refusedError(workflows.RefusedActivating, 0), 409, "already_active", ""},
		{"not ready", refusedError(workflows.RefusedNotReady, 0), 409, "not_ready", "1"},
		{"closed", refusedError(workflows.RefusedClosed, 0), 410, "registration_closed", ""},
		{"cooldown", refusedError(workflows.RefusedCooldown, 30*time.Second), 429, "resend_cooldown", "30"},
		{"cooldown, rounded up", refusedError(workflows.RefusedCooldown, 1001*time.Millisecond), 429, "resend_cooldown", "2"},
		{"cooldown, just over", refusedError(workflows.RefusedCooldown, -time.Second), 429, "resend_cooldown", "1"},
		{"no more", refusedError(workflows.RefusedTooManyResends, 0), 429, "too_many_resends", ""},
		{"defect", errors.New("unexpected"), 500, "internal", ""},
		{"unavailable", engine.ErrUnavailable, 503, "unavailable", "3"},
		{"unconfirmed", engine.ErrUnconfirmed, 503, "unavailable", "3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.resend = func(_ context.Context, id string, in workflows.ResendInput) (workflows.Verification, error) {
				require.Equal(t, registrationID, id)
				require.Empty(t, in.Mobile)
				return workflows.Verification{
					Channel: message.ChannelEmail, Destination: "z•••@example.com", ExpiresAt: now, ResendAfter: now,
				}, tt.err
			}
			w := s.send(t, "POST", otpPath, "")
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Equal(t, tt.retry, w.Header().Get("Retry-After"))
			if tt.code != "" {
				requireProblem(t, w, tt.status, tt.code)
				return
			}
			body := decode[openapi.CodeSent](t, w)
			require.Equal(t, openapi.StatusPendingVerification, body.Status)
			require.Equal(t, openapi.VerificationChannelEmail, body.Verification.Channel)
			require.Contains(t, body.Message, "by email")
		})
	}
}

func TestResendCorrectsTheNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body   string
		mobile string
		status int
	}{
		{`{}`, "", 202},
		{`{"mobile_number": null}`, "", 202},
		{`{"mobile_number": ""}`, "", 202},
		{`{"mobile_number": "+49 170 1234567"}`, "+491701234567", 202},
		{`{"mobile_number": "0170 1234567"}`, "+491701234567", 202},
		{`{"mobile_number": "\u202a+49 170 1234567\u202c"}`, "+491701234567", 202},
		{`{"mobile_number": "٠١٧٠ ١٢٣٤٥٦٧"}`, "+491701234567", 202},
		{`{"mobile_number": "0052 1 55 1234 5678"}`, "+525512345678", 202},
		{`{"mobile_number": "+49 30 901820"}`, "", 422},
		{`{"mobile_number": "zoelle"}`, "", 422},
		{`{"mobile_number": " "}`, "", 422},
	} {
		t.Run(tt.body, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.resend = func(_ context.Context, _ string, in workflows.ResendInput) (workflows.Verification, error) {
				require.Equal(t, tt.mobile, in.Mobile)
				return sent(), nil
			}
			w := s.send(t, "POST", otpPath, tt.body)
			require.Equal(t, tt.status, w.Code, w.Body)
			if tt.status == 422 {
				requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
				require.Equal(t, openapi.FieldErrorFieldMobileNumber, problemBody(t, w).Errors[0].Field)
			}
		})
	}
}
