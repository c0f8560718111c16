package api

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

const registrationPath = registrations + "/" + registrationID

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		state        workflows.RegistrationState
		status       openapi.Status
		refusal      openapi.RegistrationRefusal
		message      string
		verification bool
	}{
		{"accepted", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusAccepted}}, openapi.StatusAccepted, "", "received your registration", false},
		{"pending", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending, UserID: userID, Verification: sent()}},
			openapi.StatusPendingVerification, "", "We sent you a code by SMS", true},
		{"activating", workflows.RegistrationState{
			Outcome: workflows.Outcome{Status: workflows.StatusPending, UserID: userID, Verification: sent()}, Activating: true,
		}, openapi.StatusPendingVerification, "", "Your code was accepted", false},
		{"active", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive, UserID: userID, Verification: sent()}},
			openapi.StatusActive, "", "is active", false},
		{"email taken", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusRejected, Refusal: user.CodeEmailTaken}},
			openapi.StatusRejected, openapi.RegistrationRefusalEmailTaken, "email address already", false},
		{"username taken", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusRejected, Refusal: user.CodeUsernameTaken}},
			openapi.StatusRejected, openapi.RegistrationRefusalUsernameTaken, "username is already taken", false},
		{"superseded", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusSuperseded}}, openapi.StatusSuperseded, "", "confirmed it in another", false},
		{"expired", workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusExpired}}, openapi.StatusExpired, "", "not verified in time", false},
		{"failed", workflows.RegistrationState{
			Outcome: workflows.Outcome{Status: workflows.StatusFailed, UserID: userID, Verification: sent()},
			Reason:  workflows.ReasonSMSMisconfigured,
		}, openapi.StatusFailed, "", "will look into it", false},
		{"code not sent", workflows.RegistrationState{
			Outcome: workflows.Outcome{Status: workflows.StatusFailed, UserID: userID, Verification: sent()},
			Reason:  workflows.ReasonSMSMisconfigured, AwaitsCode: true,
		}, openapi.StatusFailed, "", "could not send your code", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.state = func(_ context.Context, id string) (workflows.RegistrationState, error) {
				require.Equal(t, registrationID, id)
				return tt.state, nil
			}
			w := s.send(t, "GET", registrationPath, "")
			require.Equal(t, 200, w.Code, w.Body)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.NotContains(t, w.Body.String(), "misconfigured")
			body := decode[openapi.Registration](t, w)
			require.Equal(t, registrationID, body.RegistrationID)
			wantID := ""
			if tt.status == openapi.StatusActive {
				wantID = tt.state.UserID
			}
			require.Equal(t, wantID, body.UserID)
			require.Equal(t, tt.status == openapi.StatusActive, body.EmailVerified != nil)
			require.Equal(t, tt.status, body.Status)
			require.Equal(t, tt.refusal, body.Refusal)
			require.Contains(t, body.Message, tt.message)
			require.Equal(t, tt.verification, body.Verification != openapi.Verification{})
		})
	}
}

func TestStatusFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   openapi.ProblemCode
	}{
		{engine.ErrNotFound, 404, openapi.ProblemCodeNotFound},
		{errors.New("unexpected"), 500, openapi.ProblemCodeInternal},
		{engine.ErrUnavailable, 503, openapi.ProblemCodeUnavailable},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
				return workflows.RegistrationState{}, tt.err
			}
			requireProblem(t, s.send(t, "GET", registrationPath, ""), tt.status, tt.code)
		})
	}
}

func TestRegistrationIDs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, id := range []string{
		"1", "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f0", "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f0x", "%2e%2e", "a%2Fb",
	} {
		requireProblem(t, s.send(t, "GET", registrations+"/"+id, ""), 404, openapi.ProblemCodeNotFound)
		requireProblem(t, s.send(t, "POST", registrations+"/"+id+"/verification", `{"code":"493817"}`), 404, openapi.ProblemCodeNotFound)
		requireProblem(t, s.send(t, "POST", registrations+"/"+id+"/otp", ""), 404, openapi.ProblemCodeNotFound)
	}
	s.engine.state = func(_ context.Context, id string) (workflows.RegistrationState, error) {
		require.Equal(t, registrationID, id)
		return workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive}}, nil
	}
	require.Equal(t, 200, s.send(t, "GET", registrations+"/0198F6C2-7D10-7A44-8C1F-5E2B9D3A6F01", "").Code)
}
