package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// Changes changes stored users durably. engine.Changes implements it.
type Changes interface {
	// Change makes a change once and waits for its result. engine.ErrUnconfirmed: the change will take effect, but the database has
	// not confirmed it within the wait budget.
	Change(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error)
}

var _ Changes = (*engine.Changes)(nil)

// UpdateUser is PATCH /v1/admin/users/{id}.
func (s *server) UpdateUser(ctx context.Context, r openapi.UpdateUserRequestObject) (openapi.UpdateUserResponseObject, error) {
	id, b := r.ID.String(), r.Body
	stored := ""
	if len(b.Attributes) > 0 { // they are merged with the stored ones
		var err error
		if stored, err = s.storedAttributes(requestContext(ctx), id); err != nil {
			return nil, err
		}
	}
	set, err := user.NewChange(user.Update{
		FirstName: b.FirstName, LastName: b.LastName, Locale: b.Locale, MarketingConsent: b.MarketingConsent, Attributes: b.Attributes,
	}, stored, s.Rules)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("marshal the update: %w", err)
	}
	in := workflows.UserChangeInput{UserID: id, Kind: user.ChangeUpdate, Set: set}
	done, err := s.change(ctx, in, r.Params.IdempotencyKey, string(request))
	switch {
	case err != nil:
		return nil, err
	case done.Status == openapi.UserChangeStatusAccepted:
		return openapi.UpdateUser202JSONResponse{Body: done}, nil
	}
	return openapi.UpdateUser200JSONResponse{Body: done}, nil
}

func (s *server) storedAttributes(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	u, ok, err := s.Users.User(ctx, id)
	switch {
	case err != nil:
		return "", &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	case !ok:
		return "", &problem{code: openapi.ProblemCodeNotFound}
	}
	return u.Attributes, nil
}

// BlockUser is POST /v1/admin/users/{id}/block.
func (s *server) BlockUser(ctx context.Context, r openapi.BlockUserRequestObject) (openapi.BlockUserResponseObject, error) {
	in := workflows.UserChangeInput{UserID: r.ID.String(), Kind: user.ChangeBlock}
	done, err := s.change(ctx, in, r.Params.IdempotencyKey)
	switch {
	case err != nil:
		return nil, err
	case done.Status == openapi.UserChangeStatusAccepted:
		return openapi.BlockUser202JSONResponse{Body: done}, nil
	}
	return openapi.BlockUser200JSONResponse{Body: done}, nil
}

// UnblockUser is POST /v1/admin/users/{id}/unblock.
func (s *server) UnblockUser(ctx context.Context, r openapi.UnblockUserRequestObject) (openapi.UnblockUserResponseObject, error) {
	in := workflows.UserChangeInput{UserID: r.ID.String(), Kind: user.ChangeUnblock}
	done, err := s.change(ctx, in, r.Params.IdempotencyKey)
	switch {
	case err != nil:
		return nil, err
	case done.Status == openapi.UserChangeStatusAccepted:
		return openapi.UnblockUser202JSONResponse{Body: done}, nil
	}
	return openapi.UnblockUser200JSONResponse{Body: done}, nil
}

// change makes a change in the name of the request's operator. request distinguishes changes of one kind with the same idempotency key.
func (s *server) change(ctx context.Context, in workflows.UserChangeInput, key *string, request ...string) (openapi.UserChange, error) {
	in.Actor, in.At = actorOf(ctx), s.Now().UTC()
	in.Budgets, in.ParkingTime = s.Policy.Budgets, s.Policy.ParkingTime
	in.ChangeID = uuid.Must(uuid.NewV7()).String()
	if key != nil {
		if !isVisible(*key, maxIdempotencyKey) {
			return openapi.UserChange{}, &problem{code: openapi.ProblemCodeInvalidIdempotencyKey}
		}
		in.ChangeID = s.Keys.ChangeID(*key, append([]string{in.Actor, in.UserID, string(in.Kind)}, request...)...)
	}
	ctx = requestContext(ctx)
	out, err := s.Changes.Change(ctx, in)
	log := s.log(ctx).With("actor", in.Actor, "change", in.Kind, "user_id", in.UserID, "change_id", in.ChangeID)
	body := openapi.UserChange{UserID: in.UserID, ChangeID: in.ChangeID}
	switch {
	case errors.Is(err, engine.ErrUnconfirmed):
		log.InfoContext(ctx, "change of a user accepted")
		body.Status, body.Message = openapi.UserChangeStatusAccepted, "The change is safe and will be made shortly."
		return body, nil
	case err != nil:
		return body, err
	}
	log.InfoContext(ctx, "change of a user", "outcome", out.Outcome)
	body.Status, body.Message = openapi.UserChangeStatusDone, "The change is made."
	return body, changeProblem(out)
}

// changeProblem returns the problem of a change that was not made, nil if it was.
func changeProblem(out workflows.UserChangeResult) error {
	switch {
	case out.Outcome == user.ChangeDone:
		return nil
	case out.Outcome == user.ChangeNotFound:
		return &problem{code: openapi.ProblemCodeNotFound}
	case out.Conflict == user.CodeUserPending:
		return &problem{code: openapi.ProblemCodeUserPending}
	default:
		return fmt.Errorf("unknown outcome of a change: %q %q", out.Outcome, out.Conflict)
	}
}
