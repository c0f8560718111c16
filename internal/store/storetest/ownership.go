package storetest

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

func concealed(r *user.Registration) { r.Concealed = true }

// of returns the row of a registration's user.
func of(t *testing.T, s *store.Store, r user.Registration) row {
	t.Helper()
	all := rows(t, s)
	i := slices.IndexFunc(all, func(found row) bool { return found.RegistrationID == r.ID })
	require.GreaterOrEqual(t, i, 0, "the registration has no user")
	return all[i]
}

func testSideBySide(t *testing.T, s *store.Store) {
	var all []user.Registration
	ids := map[string]bool{}
	for i := range 3 {
		r := registration("a@example.org", after(-i))
		p := persist(t, s, r)
		require.Equal(t, user.Persisted{UserID: p.UserID, Status: user.StatusPending, Contested: i > 0}, p)
		all, ids[p.UserID] = append(all, r), true
	}
	require.Len(t, ids, 3, "each registration has a user of its own")
	require.True(t, persist(t, s, all[0]).Contested, "a retry after a later registration")

	activate(t, s, all[0])
	require.True(t, persist(t, s, registration("a@example.org")).Contested, "an active user that has not proven it")
	require.Equal(t, user.StatusPending, of(t, s, all[1]).Status)
}

func testConcealed(t *testing.T, s *store.Store) {
	holder := registration("a@example.org")
	persist(t, s, holder)
	require.NoError(t, verified(s, within(t), byEmail(holder)))
	before := of(t, s, holder)

	r := registration("a@example.org", concealed, named("bob"))
	p := persist(t, s, r)
	require.Equal(t, user.Persisted{UserID: p.UserID, Status: user.StatusPending, Contested: true, Held: true}, p)
	require.True(t, persist(t, s, r).Held, "a retry")
	for _, a := range []user.Activation{byEmail(r), {Registration: r, At: evening, MobileProven: true}} {
		require.ErrorIs(t, verified(s, within(t), a), user.ErrSuperseded)
	}
	require.Equal(t, before, of(t, s, holder))
	require.False(t, persist(t, s, registration("b@example.org", concealed)).Held)
}

func testUsernameMoves(t *testing.T, s *store.Store) {
	first, second := registration("a@example.org", named("Ada")), registration("a@example.org", named("aDA"))
	persist(t, s, first)
	persist(t, s, second)
	require.Equal(t, sql.NullString{}, of(t, s, first).Username)
	require.Equal(t, "aDA", of(t, s, second).Username.String)
	_, err := s.Persist(within(t), registration("b@example.org", named("ada")))
	require.ErrorIs(t, err, user.ErrUsernameTaken)

	activate(t, s, second)
	_, err = s.Persist(within(t), registration("a@example.org", named("ada")))
	require.ErrorIs(t, err, user.ErrUsernameTaken, "an active user keeps its username")
}

func testUsernameBack(t *testing.T, s *store.Store) {
	for i, proven := range []bool{false, true} {
		name := strings.Repeat("a", i+3)
		first, second := registration(email(i), named(name)), registration(email(i), named(name))
		persist(t, s, first)
		persist(t, s, second)
		_, err := s.Activate(within(t), user.Activation{Registration: first, At: evening, EmailProven: proven})
		require.NoError(t, err)
		require.Equal(t, name, of(t, s, first).Username.String)
	}

	lost, rival := registration("c@example.org", named("carol")), registration("c@example.org", named("carol"))
	persist(t, s, lost)
	persist(t, s, rival)
	expire(t, s, rival.ID)
	persist(t, s, registration("d@example.org", named("CAROL")))
	activate(t, s, lost)
	require.False(t, of(t, s, lost).Username.Valid, "an unrelated user has the username by now")
}

func testDisplace(t *testing.T, s *store.Store) {
	active, pending, winner := full(), full(), full()
	active.ID, pending.ID, winner.ID = uuid.NewString(), uuid.NewString(), uuid.NewString()
	active.Profile.Username, pending.Profile.Username = "", ""
	for _, r := range []user.Registration{active, pending, winner} {
		persist(t, s, r)
	}
	activate(t, s, active)
	want := of(t, s, active)

	lost, err := s.Activate(within(t), byEmail(winner))
	require.NoError(t, err)
	require.Equal(t, user.Displaced{Superseded: []string{pending.ID}, Released: []string{active.ID}}, lost)
	again, err := s.Activate(within(t), byEmail(winner))
	require.NoError(t, err)
	require.Equal(t, user.Displaced{Released: []string{active.ID}}, again, "a retry reports active users again")

	got := of(t, s, active)
	require.True(t, got.EmailReleasedAt.Valid)
	want.Email, want.EmailCanonical = sql.NullString{}, sql.NullString{}
	want.EmailReleasedAt, want.ReleasedBy = got.EmailReleasedAt, sql.NullString{String: winner.ID, Valid: true}
	require.Equal(t, want, got, "the account stays without the email")
	require.Equal(t, someTime(evening), of(t, s, winner).EmailVerifiedAt)
	require.Len(t, rows(t, s), 2)
	require.ErrorIs(t, verified(s, within(t), user.Activation{Registration: pending, At: evening}), user.ErrSuperseded)
	_, err = s.Persist(within(t), registration(winner.Profile.EmailCanonical))
	require.ErrorIs(t, err, user.ErrEmailTaken)
}

func testActivateUnproven(t *testing.T, s *store.Store) {
	a, b := registration("a@example.org"), registration("a@example.org")
	persist(t, s, a)
	persist(t, s, b)
	require.NoError(t, verified(s, within(t), user.Activation{Registration: a, At: evening, Mobile: "+15550100", MobileProven: true}))
	got := of(t, s, a)
	require.Equal(t, someTime(evening), got.MobileVerifiedAt)
	require.False(t, got.EmailVerifiedAt.Valid)
	activate(t, s, b)

	_, err := s.ConfirmEmail(within(t), a.ID, "a@example.org", evening)
	require.NoError(t, err)
	late := registration("a@example.org", concealed)
	persist(t, s, late)
	err = verified(s, within(t), user.Activation{Registration: late, At: evening, MobileProven: true})
	require.ErrorIs(t, err, user.ErrSuperseded, "another user holds the email")
}

func testConfirmEmail(t *testing.T, s *store.Store) {
	active, pending, rival := registration("a@example.org"), registration("b@example.org"), registration("a@example.org")
	for _, r := range []user.Registration{active, pending, rival} {
		persist(t, s, r)
	}
	activate(t, s, active)
	lost, err := s.ConfirmEmail(within(t), active.ID, "a@example.org", evening)
	require.NoError(t, err)
	require.Equal(t, user.Displaced{Superseded: []string{rival.ID}}, lost)
	for range 2 {
		lost, err = s.ConfirmEmail(within(t), active.ID, "a@example.org", evening.Add(1))
		require.NoError(t, err)
		require.Empty(t, append(lost.Superseded, lost.Released...))
	}
	require.Equal(t, someTime(evening), of(t, s, active).EmailVerifiedAt)

	_, err = s.ConfirmEmail(within(t), pending.ID, "b@example.org", noon)
	require.NoError(t, err)
	require.Equal(t, user.StatusPending, of(t, s, pending).Status, "the link does not replace the code")
	_, err = s.Persist(within(t), registration("b@example.org"))
	require.ErrorIs(t, err, user.ErrEmailTaken)
	require.NoError(t, verified(s, within(t), byEmail(pending)))
	require.Equal(t, someTime(noon), of(t, s, pending).EmailVerifiedAt, "the first proof stays")

	for name, id := range map[string]string{"other email": active.ID, "deleted": rival.ID, "unknown": uuid.NewString()} {
		_, err = s.ConfirmEmail(within(t), id, "c@example.org", evening)
		require.ErrorIs(t, err, user.ErrSuperseded, name)
	}
	second := registration("a@example.org", concealed)
	persist(t, s, second)
	_, err = s.ConfirmEmail(within(t), second.ID, "a@example.org", evening)
	require.ErrorIs(t, err, user.ErrSuperseded, "another user holds it")
}

func testDisownEmail(t *testing.T, s *store.Store) {
	active, pending, proven := registration("a@example.org", named("ada")), registration("b@example.org"), registration("c@example.org")
	for _, r := range []user.Registration{active, pending, proven} {
		persist(t, s, r)
	}
	activate(t, s, active)
	require.NoError(t, verified(s, within(t), byEmail(proven)))

	for id, want := range map[string]user.Displaced{active.ID: {Released: []string{active.ID}}, pending.ID: {Superseded: []string{pending.ID}}} {
		address := map[string]string{active.ID: "a@example.org", pending.ID: "b@example.org"}[id]
		_, err := s.DisownEmail(within(t), id, "c@example.org", evening)
		require.ErrorIs(t, err, user.ErrSuperseded, "the link of another email")
		lost, err := s.DisownEmail(within(t), id, address, evening)
		require.NoError(t, err)
		lost.Announced = nil
		require.Equal(t, want, lost)
		_, err = s.DisownEmail(within(t), id, address, evening)
		require.ErrorIs(t, err, user.ErrSuperseded, "it has been disowned")
	}
	_, err := s.DisownEmail(within(t), proven.ID, "c@example.org", evening)
	require.ErrorIs(t, err, user.ErrEmailProven)

	require.Len(t, rows(t, s), 2, "the pending user was deleted")
	got := of(t, s, active)
	require.False(t, got.Email.Valid || got.EmailCanonical.Valid || got.ReleasedBy.Valid)
	require.Equal(t, someTime(evening), got.EmailReleasedAt)
	require.Equal(t, "ada", got.Username.String)
	require.False(t, persist(t, s, registration("a@example.org")).Contested, "nobody has the email any more")
}

func testContact(t *testing.T, s *store.Store) {
	r := full()
	id := persist(t, s, r).UserID
	want := user.Contact{
		UserID: id, RegistrationID: r.ID, Email: r.Profile.Email, EmailCanonical: r.Profile.EmailCanonical,
		Mobile: r.Profile.Mobile, FirstName: r.Profile.FirstName, Locale: r.Profile.Locale,
		Attributes: r.Profile.Attributes,
	}
	requireContact := func(want user.Contact, wantHolder bool) {
		t.Helper()
		got, found, err := s.Contact(within(t), r.ID)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, got)
		holder, found, err := s.Holder(within(t), r.Profile.EmailCanonical)
		require.NoError(t, err)
		require.Equal(t, wantHolder, found)
		if found {
			require.Equal(t, want, holder)
		}
	}
	requireContact(want, false)
	activate(t, s, r)
	requireContact(want, false)
	_, err := s.ConfirmEmail(within(t), r.ID, r.Profile.EmailCanonical, evening)
	require.NoError(t, err)
	requireContact(want, true)

	bare := registration("bare@example.org")
	persist(t, s, bare)
	activate(t, s, bare)
	_, err = s.DisownEmail(within(t), bare.ID, "bare@example.org", evening)
	require.NoError(t, err)
	got, _, err := s.Contact(within(t), bare.ID)
	require.NoError(t, err)
	require.Empty(t, got.Email+got.EmailCanonical+got.Mobile)
	_, found, err := s.Contact(within(t), uuid.NewString())
	require.NoError(t, err)
	require.False(t, found)
}
