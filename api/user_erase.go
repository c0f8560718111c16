package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/export"
	"registrar/internal/user"
	"registrar/workflows"
)

// Exports reads everything that is kept of a user. export.Reader implements it.
type Exports interface {
	// Read returns an export by the id of the user or its registration; false if nothing is kept. body makes Export.User.
	Read(ctx context.Context, id string, body func(user.Record) any) (export.Export, bool, error)
}

var _ Exports = export.Reader{}

// EraseUser is DELETE /v1/admin/users/{id}.
func (s *server) EraseUser(ctx context.Context, r openapi.EraseUserRequestObject) (openapi.EraseUserResponseObject, error) {
	actor := actorOf(ctx)
	ctx = requestContext(ctx)
	receipt, found, err := s.receipt(ctx, r.ID.String())
	if err != nil || found {
		return openapi.EraseUser200JSONResponse{Body: erasureBody(receipt)}, err
	}
	in := ErasureInput(r.ID.String(), actor, s.Policy)
	in.At = s.Now().UTC()
	out, err := s.Changes.Change(ctx, in)
	s.log(ctx).InfoContext(ctx, "erasure of a user", "actor", actor, "id", in.UserID, "receipt_id", in.ChangeID, "outcome", out.Outcome, "err", err)
	if err != nil && !errors.Is(err, engine.ErrUnconfirmed) {
		return nil, err
	}
	if err == nil && out.Outcome == user.ChangeNotFound {
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	}
	if receipt, found, err := s.receipt(ctx, in.UserID); err == nil && found {
		return openapi.EraseUser200JSONResponse{Body: erasureBody(receipt)}, nil
	}
	return openapi.EraseUser202JSONResponse{Body: openapi.Erasure{
		ReceiptID: in.ChangeID, Status: openapi.ErasureStatusAccepted, Message: "The erasure is safe and will be completed shortly.",
	}}, nil
}

// ErasureInput is the input of the workflow that erases a user, by its id or the id of its registration. The caller sets At.
func ErasureInput(id, actor string, p workflows.Policy) workflows.UserChangeInput {
	return workflows.UserChangeInput{
		ChangeID: user.ErasureID(id), UserID: id, Kind: user.ChangeErase, Actor: actor, Budgets: p.Budgets, ParkingTime: p.ParkingTime,
	}
}

// receipt returns the receipt of a complete erasure.
func (s *server) receipt(ctx context.Context, id string) (user.Receipt, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	receipt, found, err := s.Users.Receipt(ctx, id)
	if err != nil {
		return receipt, false, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	return receipt, found && !receipt.CompletedAt.IsZero(), nil
}

func erasureBody(r user.Receipt) openapi.Erasure {
	return openapi.Erasure{
		ReceiptID: r.ID, Status: openapi.ErasureStatusDone, Message: "The user is erased.", UserID: r.UserID, RegistrationID: r.RegistrationID,
		Actor: r.Actor, RequestedAt: r.RequestedAt, CompletedAt: r.CompletedAt, Counts: r.Counts,
	}
}

// ExportUser is GET /v1/admin/users/{id}/export.
func (s *server) ExportUser(ctx context.Context, r openapi.ExportUserRequestObject) (openapi.ExportUserResponseObject, error) {
	actor := actorOf(ctx)
	ctx, cancel := context.WithTimeout(requestContext(ctx), timelineTimeout)
	defer cancel()
	found, ok, err := s.Exports.Read(ctx, r.ID.String(), func(u user.Record) any { return UserBody(u) })
	if err == nil && !ok {
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	}
	if err == nil {
		err = s.Users.RecordAudit(ctx, audit.Entry{At: s.Now(), Actor: actor, Action: audit.UserExported, UserID: found.UserID})
	}
	if err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	body, err := json.Marshal(found)
	if err != nil {
		return nil, fmt.Errorf("encode the export: %w", err)
	}
	return openapi.ExportUser200JSONResponse{Body: body}, nil
}
