package api

import (
	"context"
	"time"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// GetRegistration is GET /v1/registrations/{id}. It does not reveal why a registration waits for an operator.
func (s *server) GetRegistration(
	ctx context.Context, r openapi.GetRegistrationRequestObject,
) (openapi.GetRegistrationResponseObject, error) {
	id := r.ID.String()
	state, err := s.Engine.State(requestContext(ctx), id)
	if err != nil {
		return nil, err
	}
	body := openapi.Registration{
		RegistrationID: id,
		Status:         openapi.Status(state.Status),
		Message:        statusMessage(state),
	}
	if state.Status == workflows.StatusActive {
		body.UserID = state.UserID
		proven := state.EmailVerified || s.Engine.EmailConfirmed(requestContext(ctx), id)
		body.EmailVerified = &proven
	}
	if state.Status == workflows.StatusRejected {
		body.Refusal = openapi.RegistrationRefusal(ruleProblems[state.Refusal])
	}
	if state.AwaitsCode || state.Status == workflows.StatusPending && !state.Activating { // an old worker does not set AwaitsCode
		body.Verification = verification(state.Verification)
	}
	return openapi.GetRegistration200JSONResponse{Body: body}, nil
}

func progress(id string, state workflows.RegistrationState) openapi.Progress {
	return openapi.Progress{RegistrationID: id, Status: openapi.Status(state.Status), Message: statusMessage(state)}
}

// verification rounds the expiry down and the resend time up to whole seconds, so that a client that follows them is
// never too late or too early.
func verification(v workflows.Verification) openapi.Verification {
	return openapi.Verification{
		Channel:     openapi.VerificationChannel(v.Channel),
		Destination: v.Destination,
		ExpiresAt:   v.ExpiresAt.UTC().Truncate(time.Second),
		ResendAfter: v.ResendAfter.UTC().Add(time.Second - time.Nanosecond).Truncate(time.Second),
	}
}

// statusMessage is the status in a sentence for the user.
func statusMessage(s workflows.RegistrationState) string {
	switch s.Status {
	case workflows.StatusAccepted:
		return "We have received your registration and will complete it shortly."
	case workflows.StatusPending:
		if s.Activating {
			return "Your code was accepted. Your account will be active shortly."
		}
		return codeMessage(s.Verification)
	case workflows.StatusActive:
		return "Your account is active."
	case workflows.StatusRejected:
		return answers[ruleProblems[s.Refusal]].detail
	case workflows.StatusSuperseded:
		return answers[openapi.ProblemCodeSuperseded].detail
	case workflows.StatusExpired:
		return "This registration was not verified in time. Please register again."
	default:
		if s.AwaitsCode {
			return "We could not send your code yet. Our team will look into it. You can also ask for another code."
		}
		return "We could not complete your registration yet. Our team will look into it."
	}
}

func codeMessage(v workflows.Verification) string {
	if v.Channel == message.ChannelSMS {
		return "We sent you a code by SMS. Enter it to activate your account."
	}
	return "We sent you a code by email. Enter it to activate your account."
}
