package api

import (
	"context"
	"errors"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/message"
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
	s.settleVerification(ctx, id, out)
	refused := new(workflows.RefusedError)
	errors.As(err, &refused)
	switch {
	case err == nil && out.Next != nil:
		return openapi.VerifyRegistration200JSONResponse{Body: nextCode(id, *out.Next)}, nil
	case refused.Refusal == workflows.RefusedWrongCode: // the registration was verified by another code
		return nil, &problem{code: openapi.ProblemCodeWrongCode, attemptsLeft: new(int)}
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
	in, err := s.resendInput(r.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.resend(ctx, id, in, r.Params.ChallengeResponse)
	refused := new(workflows.RefusedError)
	errors.As(err, &refused)
	if refused.Refusal == workflows.RefusedNoNumber {
		return nil, invalidField("mobile_number", user.CodeRequired, "is required, because the registration has no number")
	}
	if refused.Refusal == workflows.RefusedNumberProven {
		return nil, invalidField("mobile_number", user.CodeInvalid, "cannot be changed, because a code by SMS has proven it")
	}
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

func (s *server) resendInput(body *openapi.ResendRequest) (in workflows.ResendInput, err error) {
	if body == nil {
		return in, nil
	}
	in.Channel = message.Channel(body.Channel)
	switch {
	case in.Channel != "" && in.Channel != message.ChannelSMS && in.Channel != message.ChannelEmail:
		return in, invalidField("channel", user.CodeInvalid, "must be sms or email")
	case body.MobileNumber == "":
		return in, nil
	case in.Channel == message.ChannelEmail:
		return in, invalidField("channel", user.CodeInvalid, "cannot be email when mobile_number is given")
	}
	if in.Mobile, err = s.Rules.ParseMobile(body.MobileNumber); err != nil {
		return in, fieldProblem("mobile_number", err)
	}
	return in, nil
}

// nextCode is the answer to a right code after which the user must enter another one.
func nextCode(id string, v workflows.Verification) openapi.Progress {
	next := verification(v)
	return openapi.Progress{
		RegistrationID: id, Status: openapi.StatusPendingVerification, Message: codeMessage(v), Verification: &next,
	}
}
