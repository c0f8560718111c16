package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/gate"
	"registrar/internal/store"
)

var denial = gate.Answer{
	Decision: gate.Deny, Code: "not_invited", Field: "email", Texts: map[string]string{"en": "No invitation.", "ar": "لا توجد دعوة"},
}

// question is a question that was asked at a time.
func question(at time.Time) gate.Record {
	return gate.Record{RegistrationID: uuid.NewString(), Fingerprint: "fingerprint", AskedAt: at}
}

// answered is a record with an answer.
func answered(r gate.Record, a gate.Answer, at time.Time) gate.Record {
	r.Answer, r.AnsweredAt = &a, at
	return r
}

func requireClaim(t *testing.T, s *store.Store, r gate.Record, staleBefore time.Time, claimed bool, want gate.Record) {
	t.Helper()
	got, ok, err := s.ClaimGate(within(t), r, staleBefore)
	require.NoError(t, err)
	require.Equal(t, claimed, ok)
	want.AskedAt = micro(want.AskedAt)
	if want.Answer != nil {
		want.AnsweredAt = micro(want.AnsweredAt)
	}
	require.Equal(t, want, got)
}

func testGate(t *testing.T, s *store.Store) {
	first := question(noon)
	requireClaim(t, s, first, noon, true, first)
	again := first
	again.AskedAt, again.Fingerprint = noon.Add(time.Second), "another request"
	requireClaim(t, s, again, noon, false, first)

	recorded, err := s.RecordGate(within(t), answered(first, denial, evening))
	require.NoError(t, err)
	require.Equal(t, denial, recorded)
	requireClaim(t, s, again, evening, false, answered(first, denial, evening))
	require.NoError(t, s.ReleaseGate(within(t), first))
	requireClaim(t, s, again, evening, false, answered(first, denial, evening))

	other, err := s.RecordGate(within(t), answered(first, gate.Answer{Decision: gate.Allow}, evening))
	require.NoError(t, err)
	require.Equal(t, denial, other, "the first answer stays")
	fresh := question(noon)
	requireClaim(t, s, fresh, noon, true, fresh)
}

func testGateStale(t *testing.T, s *store.Store) {
	first, second := question(noon), question(noon.Add(3*time.Second))
	second.RegistrationID, second.Fingerprint = first.RegistrationID, "another request"
	requireClaim(t, s, first, noon, true, first)
	requireClaim(t, s, second, noon.Add(time.Second), true, second)
	requireClaim(t, s, first, noon, false, second)

	require.NoError(t, s.ReleaseGate(within(t), first), "the claim belongs to the second question now")
	requireClaim(t, s, first, noon, false, second)
	late, err := s.RecordGate(within(t), answered(first, denial, evening))
	require.NoError(t, err)
	require.Equal(t, denial, late, "an answer to another question is not stored")
	requireClaim(t, s, first, noon, false, second)

	require.NoError(t, s.ReleaseGate(within(t), second))
	require.Zero(t, count(t, s, "gate_answers"))
	_, err = s.RecordGate(within(t), answered(second, denial, evening))
	require.NoError(t, err)
	require.Zero(t, count(t, s, "gate_answers"))
}

func testRaceGate(t *testing.T, s *store.Store) {
	errs, claims := make([]error, 20), make([]bool, 20)
	asked := question(noon)
	functions := make([]func(), len(errs))
	for i := range functions {
		ctx, r := within(t), asked
		r.AskedAt = noon.Add(time.Duration(i) * time.Millisecond)
		functions[i] = func() { _, claims[i], errs[i] = s.ClaimGate(ctx, r, noon) }
	}
	runConcurrently(functions...)
	require.NoError(t, errors.Join(errs...))
	requireOne(t, claims)

	for i := range functions {
		ctx, r := within(t), asked
		r.AskedAt = evening.Add(time.Duration(i) * time.Millisecond)
		functions[i] = func() { _, claims[i], errs[i] = s.ClaimGate(ctx, r, evening) }
	}
	runConcurrently(functions...)
	require.NoError(t, errors.Join(errs...))
	requireOne(t, claims)
}

func requireOne(t *testing.T, claims []bool) {
	t.Helper()
	claimed := 0
	for _, ok := range claims {
		if ok {
			claimed++
		}
	}
	require.Equal(t, 1, claimed)
}
