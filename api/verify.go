package api

import (
	"context"
	"errors"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// VerifyRegistration is POST /v1/registrations/{id}/verification.
func (s *server) VerifyRegistration(
	ctx context.Context, r openapi.VerifyRegistrationRequestObject,
) (openapi.VerifyRegistrationResponseObject, error) {
	ctx = requestContext(ctx)
	id := r.ID.String()
	code, err := user.ParseCode(r.Body.Code)
	if err != nil {
		return nil, fieldProblem("code", err)
	}
	out, err := s.Engine.Verify(ctx, id, workflows.VerifyInput{Digests: s.Keys.CodeDigests(id, code)})
	refused := new(workflows.RefusedError)
	errors.As(err, &refused)
	switch {
	case err == nil && !out.Active:
		return nil, &problem{code: openapi.ProblemCodeWrongCode, attemptsLeft: &out.AttemptsLeft}
	case err == nil, refused.Refusal == workflows.RefusedActive:
		return openapi.VerifyRegistration200JSONResponse{
			Body: progress(id, workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive}}),
		}, nil
	case errors.Is(err, engine.ErrUnconfirmed), refused.Refusal == workflows.RefusedActivating:
		return openapi.VerifyRegistration202JSONResponse{
			Body: progress(id, workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending}, Activating: true}),
		}, nil
	default:
		return nil, err
	}
}

// ResendCode is POST /v1/registrations/{id}/otp.
func (s *server) ResendCode(
	ctx context.Context, r openapi.ResendCodeRequestObject,
) (openapi.ResendCodeResponseObject, error) {
	ctx = requestContext(ctx)
	id := r.ID.String()
	var in workflows.ResendInput
	if r.Body != nil && r.Body.MobileNumber != "" {
		mobile, err := user.ParseMobile(r.Body.MobileNumber, s.Rules.DefaultRegion)
		if err != nil {
			return nil, fieldProblem("mobile_number", err)
		}
		in.Mobile = mobile
	}
	v, err := s.resend(ctx, id, in)
	if err != nil {
		return nil, err
	}
	return openapi.ResendCode202JSONResponse{Body: openapi.CodeSent{
		RegistrationID: id,
		Status:         openapi.StatusPendingVerification,
		Message:        codeMessage(v),
		Verification:   verification(v),
	}}, nil
}
