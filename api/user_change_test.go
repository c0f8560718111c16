package api

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/attribute"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

type fakeChanges func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error)

func (f fakeChanges) Change(ctx context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
	return f(ctx, in)
}

// recordChanges makes every change, and records its input.
func recordChanges(made *[]workflows.UserChangeInput) fakeChanges {
	return func(_ context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		*made = append(*made, in)
		return workflows.UserChangeResult{Outcome: user.ChangeDone}, nil
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	var made []workflows.UserChangeInput
	s := setupUsers(t, &fakeUsers{}, recordChanges(&made))
	first, consent := "Zoelle", false
	policy := workflows.DefaultPolicy()
	for i, tt := range []struct {
		method, path, body string
		kind               user.ChangeKind
		set                user.Change
	}{
		{"POST", "/block", "", user.ChangeBlock, user.Change{}},
		{"POST", "/unblock", "", user.ChangeUnblock, user.Change{}},
		{
			"PATCH", "", `{"first_name":" Zoelle ","marketing_consent":false,"locale":null}`, user.ChangeUpdate,
			user.Change{FirstName: &first, MarketingConsent: &consent},
		},
	} {
		w := s.operate(t, tt.method, usersPath+"/"+userID+tt.path, tt.body)
		require.Equal(t, 200, w.Code, w.Body)
		in := made[i]
		require.NoError(t, uuid.Validate(in.ChangeID))
		require.Equal(t, openapi.UserChange{UserID: userID, ChangeID: in.ChangeID, Status: "done", Message: "The change is made."}, decode[openapi.UserChange](t, w))
		require.Equal(t, workflows.UserChangeInput{
			ChangeID: in.ChangeID, UserID: userID, Kind: tt.kind, Actor: "admin", At: now, Set: tt.set,
			Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
		}, in)
		require.Contains(t, s.logs.String(), `"change_id":"`+in.ChangeID)
	}
}

func TestChangesWithoutAResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		out    workflows.UserChangeResult
		err    error
		status int
		code   openapi.ProblemCode
	}{
		"unknown user": {workflows.UserChangeResult{Outcome: user.ChangeNotFound}, nil, 404, openapi.ProblemCodeNotFound},
		"no engine":    {workflows.UserChangeResult{}, engine.ErrUnavailable, 503, openapi.ProblemCodeUnavailable},
		"a defect":     {workflows.UserChangeResult{}, errors.New("defect"), 500, openapi.ProblemCodeInternal},
		"no outcome":   {workflows.UserChangeResult{}, nil, 500, openapi.ProblemCodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupUsers(t, &fakeUsers{}, func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
				return tt.out, tt.err
			})
			requireProblem(t, s.operate(t, "POST", usersPath+"/"+userID+"/block", ""), tt.status, tt.code)
			requireProblem(t, s.operate(t, "POST", usersPath+"/"+userID+"/unblock", ""), tt.status, tt.code)
			requireProblem(t, s.operate(t, "PATCH", usersPath+"/"+userID, `{"locale":"en"}`), tt.status, tt.code)
		})
	}
}

func TestAcceptedAndRefusedChanges(t *testing.T) {
	t.Parallel()
	s := setupUsers(t, &fakeUsers{}, func(_ context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		if in.UserID == registrationID {
			return workflows.UserChangeResult{Outcome: user.ChangeConflict, Conflict: user.CodeUserPending}, nil
		}
		return workflows.UserChangeResult{}, engine.ErrUnconfirmed
	})
	for _, request := range [][]string{{"POST", "/block", ""}, {"POST", "/unblock", ""}, {"PATCH", "", "{}"}} {
		w := s.operate(t, request[0], usersPath+"/"+userID+request[1], request[2])
		require.Equal(t, 202, w.Code, w.Body)
		require.Equal(t, openapi.UserChangeStatusAccepted, decode[openapi.UserChange](t, w).Status)
	}
	requireProblem(t, s.operate(t, "POST", usersPath+"/"+registrationID+"/block", ""), 409, openapi.ProblemCodeUserPending)
}

func TestUpdatesAreChecked(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{users: []user.Record{zoe()}}
	s := setupUsers(t, f, func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		t.Error("nothing may change")
		return workflows.UserChangeResult{}, nil
	})
	w := s.operate(t, "PATCH", usersPath+"/"+userID, `{"first_name":"","last_name":"\u0007","locale":"klingon!","attributes":{"company":"x"}}`)
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	var fields []openapi.FieldErrorField
	for _, e := range problemBody(t, w).Errors {
		fields = append(fields, e.Field)
	}
	require.Equal(t, []openapi.FieldErrorField{"first_name", "last_name", "locale", "attributes"}, fields)
	requireProblem(t, s.operate(t, "PATCH", usersPath+"/"+userID, `{"email":"a@example.com"}`), 400, openapi.ProblemCodeUnknownField)
	requireProblem(t, s.operate(t, "PATCH", usersPath+"/"+registrationID, `{"attributes":{}}`), 404, openapi.ProblemCodeNotFound)
	f.err = errors.New("no connection")
	requireProblem(t, s.operate(t, "PATCH", usersPath+"/"+userID, `{"attributes":{}}`), 503, openapi.ProblemCodeUnavailable)
}

func TestUpdateOfAttributes(t *testing.T) {
	t.Parallel()
	schema, err := attribute.Parse([]byte(`{"type":"object","required":["company"],"additionalProperties":false,"properties":{
		"company":{"type":"string"},"size":{"type":"integer"},"address":{"type":"object","properties":{"city":{"type":"string"},"zip":{"type":"string"}}}}}`))
	require.NoError(t, err)
	stored := zoe()
	stored.Attributes = `{"address":{"city":"Paris","zip":"75001"},"company":"Acme","size":3}`
	var made []workflows.UserChangeInput
	s := setup(t, func(d *Deps) {
		d.Users, d.Changes, d.Operators = &fakeUsers{users: []user.Record{stored}}, recordChanges(&made), administrators()
		d.Rules.Attributes = schema
	})
	w := s.operate(t, "PATCH", usersPath+"/"+userID, `{"attributes":{"address":{"zip":null},"size":null}}`)
	require.Equal(t, 200, w.Code, w.Body)
	require.Equal(t, user.AttributeChange{
		"address": json.RawMessage(`{"city":"Paris"}`), "size": json.RawMessage("null"),
	}, made[0].Set.Attributes)
	w = s.operate(t, "PATCH", usersPath+"/"+userID, `{"attributes":{"company":null,"size":"large"}}`)
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	require.Len(t, problemBody(t, w).Errors, 2, "of the merged attributes")
}

// TestIdempotencyKeysOfChanges: one key names one change, but not for another request, user or operator.
func TestIdempotencyKeysOfChanges(t *testing.T) {
	t.Parallel()
	var made []workflows.UserChangeInput
	f := &fakeUsers{}
	s := setupUsers(t, f, recordChanges(&made))
	patch := func(body string, header ...string) string {
		w := s.operate(t, "PATCH", usersPath+"/"+userID, body, header...)
		require.Equal(t, 200, w.Code, w.Body)
		return made[len(made)-1].ChangeID
	}
	key := []string{"Idempotency-Key", "ticket-4711"}
	first := patch(`{"locale":"en"}`, key...)
	require.Equal(t, first, patch(`{ "locale": "en" }`, key...))
	seen := []string{first}
	for _, id := range []string{
		patch(`{"locale":"de"}`, key...), patch(`{"locale":"en"}`), patch(`{"locale":"en"}`), patch(`{"locale":"en"}`, "Idempotency-Key", "other"),
	} {
		require.NotContains(t, seen, id)
		seen = append(seen, id)
	}
	s.operate(t, "POST", usersPath+"/"+userID+"/block", "", key...)
	s.operate(t, "POST", usersPath+"/"+registrationID+"/block", "", key...)
	require.NotEqual(t, made[len(made)-1].ChangeID, made[len(made)-2].ChangeID)
	requireProblem(t, s.operate(t, "POST", usersPath+"/"+userID+"/block", "", "Idempotency-Key", "with space"), 400, openapi.ProblemCodeInvalidIdempotencyKey)
}
