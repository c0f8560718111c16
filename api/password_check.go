package api

import (
	"context"
	"errors"

	"registrar/api/openapi"
	"registrar/internal/user"
)

// CheckPassword is POST /v1/password-checks. Its verdict comes from the functions that registration uses.
func (s *server) CheckPassword(
	ctx context.Context, r openapi.CheckPasswordRequestObject,
) (openapi.CheckPasswordResponseObject, error) {
	b := r.Body
	password, score, err := user.CheckPassword(user.Form{
		FirstName: b.FirstName, LastName: b.LastName, Username: b.Username, Email: b.Email, Password: b.Password,
		MobileNumber: b.MobileNumber,
	}, s.Rules)
	if err != nil {
		err = fieldProblem("password", err)
	} else if err = s.checkBreach(requestContext(ctx), password); err != nil {
		score = 0
	}
	var refused *user.ValidationError
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	body := openapi.PasswordCheck{Accepted: err == nil, Score: score}
	if refused != nil {
		body.Errors = fieldErrors(refused.Fields)
	}
	return openapi.CheckPassword200JSONResponse{Body: body}, nil
}
