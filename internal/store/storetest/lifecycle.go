package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

func testActivate(t *testing.T, s *store.Store) {
	bySMS, byEmail := full(), registration("zoe@example.org")
	smsID, emailID := persist(t, s, bySMS).UserID, persist(t, s, byEmail).UserID
	first := user.Activation{Registration: bySMS, At: noon.Add(time.Minute)}
	second := user.Activation{
		Registration: byEmail, At: noon.Add(time.Hour), Mobile: "+15550100", EmailProven: true, MobileProven: true,
	}
	require.NoError(t, verified(s, within(t), first))
	require.NoError(t, verified(s, within(t), second))

	wantSMS, wantEmail := rowOf(bySMS, smsID), rowOf(byEmail, emailID)
	wantSMS.Status, wantSMS.VerifiedAt = user.StatusActive, someTime(first.At)
	wantEmail.Status, wantEmail.VerifiedAt = user.StatusActive, someTime(second.At)
	wantEmail.EmailVerifiedAt, wantEmail.MobileVerifiedAt = wantEmail.VerifiedAt, wantEmail.VerifiedAt
	wantEmail.Mobile.String, wantEmail.Mobile.Valid = second.Mobile, true
	require.ElementsMatch(t, []row{wantSMS, wantEmail}, rows(t, s))

	for _, a := range []user.Activation{first, second} {
		a.At, a.Mobile, a.EmailProven = a.At.Add(time.Hour), "+15550199", true
		require.NoError(t, verified(s, within(t), a))
	}
	require.ElementsMatch(t, []row{wantSMS, wantEmail}, rows(t, s), "the first activation's times stay")

	unknown := user.Activation{Registration: registration("nobody@example.org"), At: noon}
	require.ErrorIs(t, verified(s, within(t), unknown), user.ErrSuperseded)
}

func testExpire(t *testing.T, s *store.Store) {
	pending, active := registration("a@example.org", named("ada")), registration("b@example.org", named("bob"))
	persist(t, s, pending)
	persist(t, s, active)
	activate(t, s, active)

	for range 2 {
		expire(t, s, pending.ID)
		expire(t, s, active.ID)
		expire(t, s, uuid.NewString())
		require.Equal(t, active.ID, onlyRow(t, s).RegistrationID)
		require.Equal(t, 1, count(t, s, "profiles"))
	}
	expired := user.Activation{Registration: pending, At: noon}
	require.ErrorIs(t, verified(s, within(t), expired), user.ErrSuperseded)

	free := persist(t, s, registration("a@example.org", named("Ada"), after(-9)))
	require.False(t, free.Contested, "email and username are free again")
}

func testMigrations(t *testing.T, open func(t *testing.T) *store.Store) {
	s := open(t)
	known, err := s.Pending(within(t))
	require.NoError(t, err)
	require.Positive(t, known)
	require.NoError(t, s.Down(within(t)), "no migration to revert")

	for range 2 {
		for range 2 {
			require.NoError(t, s.Migrate(within(t)))
			requirePending(t, s, 0, known)
		}
		persist(t, s, full())
		for left := 1; left <= known; left++ {
			require.NoError(t, s.Down(within(t)))
			requirePending(t, s, left, known)
		}
	}
	require.NoError(t, s.Migrate(within(t)))
	require.Empty(t, rows(t, s))

	_, err = s.Pool().ExecContext(within(t), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", 999, true)
	require.NoError(t, err)
	_, pendingErr := s.Pending(within(t))
	for _, err := range []error{pendingErr, s.Migrate(within(t)), s.Down(within(t))} {
		var newer *store.NewerError
		require.ErrorAs(t, err, &newer)
		require.ErrorContains(t, err, "database is at version 999, newer than version ")
	}
}

func requirePending(t *testing.T, s *store.Store, want, known int) {
	t.Helper()
	pending, err := s.Pending(within(t))
	require.NoError(t, err)
	require.Equal(t, want, pending)

	list, err := s.Status(within(t))
	require.NoError(t, err)
	require.Len(t, list, known)
	for i, m := range list {
		require.Equal(t, i >= known-want, m.AppliedAt.IsZero(), m.Name)
		if !m.AppliedAt.IsZero() {
			require.WithinDuration(t, time.Now(), m.AppliedAt, time.Hour, "in UTC")
		}
	}
}

func testSetMobile(t *testing.T, s *store.Store) {
	r, other := registration("ada@example.org"), full()
	persist(t, s, r)
	persist(t, s, other)
	require.Empty(t, persist(t, s, r).Mobile)
	require.NoError(t, s.SetMobile(within(t), r.ID, "+491701234567"))
	require.NoError(t, s.SetMobile(within(t), r.ID, "+491701234567"))
	require.Equal(t, "+491701234567", persist(t, s, r).Mobile)
	require.Equal(t, other.Profile.Mobile, persist(t, s, other).Mobile)

	require.NoError(t, s.SetMobile(within(t), uuid.NewString(), "+491709999999"))
	require.NoError(t, verified(s, within(t), user.Activation{Registration: r, At: evening, Mobile: "+491701234567"}))
	require.NoError(t, s.SetMobile(within(t), r.ID, "+491709999999"))
	require.Equal(t, "+491701234567", persist(t, s, r).Mobile, "an active user's number does not change")
}
