package api

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/export"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func receiptOf(id string) user.Receipt {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return user.Receipt{
		ID: user.ErasureID(id), UserID: id, RegistrationID: registrationID, Actor: "crm", RequestedAt: at, CompletedAt: at.Add(time.Second),
		Counts: map[string]int{"users": 1, "notifications": 3},
	}
}

func TestEraseUser(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{receipts: map[string]user.Receipt{}}
	var made []workflows.UserChangeInput
	s := setupUsers(t, f, func(_ context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		made = append(made, in)
		f.receipts[in.UserID] = receiptOf(in.UserID)
		return workflows.UserChangeResult{Outcome: user.ChangeDone}, nil
	})
	for range 2 {
		w := s.operate(t, "DELETE", usersPath+"/"+userID, "")
		require.Equal(t, 200, w.Code, w.Body)
		var body openapi.Erasure
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Equal(t, openapi.ErasureStatusDone, body.Status)
		require.Equal(t, user.ErasureID(userID), body.ReceiptID)
		require.Equal(t, map[string]int{"users": 1, "notifications": 3}, body.Counts)
	}
	policy := workflows.DefaultPolicy()
	require.Len(t, made, 1, "an erased user is not erased again")
	require.Equal(t, workflows.UserChangeInput{
		ChangeID: user.ErasureID(userID), UserID: userID, Kind: user.ChangeErase, Actor: made[0].Actor, At: made[0].At,
		Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
	}, made[0])
	require.NotEmpty(t, made[0].Actor)
}

func TestEraseUserWithoutAReceipt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		out    workflows.UserChangeResult
		err    error
		status int
	}{
		"unknown":         {workflows.UserChangeResult{Outcome: user.ChangeNotFound}, nil, 404},
		"takes its time":  {workflows.UserChangeResult{}, engine.ErrUnconfirmed, 202},
		"without an end":  {workflows.UserChangeResult{Outcome: user.ChangeDone}, nil, 202},
		"Temporal is off": {workflows.UserChangeResult{}, engine.ErrUnavailable, 503},
		"a defect":        {workflows.UserChangeResult{}, errors.New("defect"), 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unfinished := receiptOf(userID)
			unfinished.CompletedAt = time.Time{}
			f := &fakeUsers{receipts: map[string]user.Receipt{userID: unfinished}}
			s := setupUsers(t, f, func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
				return tt.out, tt.err
			})
			w := s.operate(t, "DELETE", usersPath+"/"+userID, "")
			require.Equal(t, tt.status, w.Code, w.Body)
			if tt.status == 202 {
				require.Contains(t, w.Body.String(), `"status":"accepted"`)
			}
		})
	}
	s := setupUsers(t, &fakeUsers{err: errors.New("no connection")}, nil)
	requireProblem(t, s.operate(t, "DELETE", usersPath+"/"+userID, ""), 503, openapi.ProblemCodeUnavailable)
}

type fakeExports struct {
	found export.Export
	err   error
}

func (f fakeExports) Read(ctx context.Context, _ string, body func(user.Record) any) (export.Export, bool, error) {
	requireDeadline(ctx)
	f.found.User = body(user.Record{ID: userID, RegistrationID: registrationID, Status: user.StatusActive, FirstName: "Zoë"})
	return f.found, f.found.RegistrationID != "", f.err
}

func TestExportUser(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{}
	exports := fakeExports{found: export.Export{
		UserID: userID, RegistrationID: registrationID, Messages: []export.Message{{Kind: message.KindOTP, Sequence: 1}},
	}}
	s := setup(t, func(d *Deps) {
		d.Users, d.Changes, d.Exports, d.Operators = f, fakeChanges(nil), exports, administrators()
	})
	w := s.operate(t, "GET", usersPath+"/"+userID+"/export", "")
	require.Equal(t, 200, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `"first_name":"Zoë"`)
	require.Contains(t, w.Body.String(), `"kind":"otp"`)
	require.Len(t, f.recorded, 1)
	require.Equal(t, userID, f.recorded[0].UserID)

	for status, e := range map[int]fakeExports{404: {}, 503: {err: errors.New("no connection")}} {
		s := setup(t, func(d *Deps) { d.Users, d.Changes, d.Exports, d.Operators = f, fakeChanges(nil), e, administrators() })
		require.Equal(t, status, s.operate(t, "GET", usersPath+"/"+userID+"/export", "").Code)
	}
	require.Len(t, f.recorded, 1, "only what was read is recorded")
}
