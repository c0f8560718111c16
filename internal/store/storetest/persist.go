package storetest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

// full sets every field to a value that is hard to store: scripts, emoji, combining marks, maximum lengths.
func full() user.Registration {
	return user.Registration{
		ID: "0198c0de-0000-4000-8000-000000000001",
		Profile: user.Profile{
			FirstName: "Þórdís-Ñandú 👩🏽‍🚀", LastName: strings.Repeat("龘", 30),
			Username: "Thordis.1_x-Y", Email: "Þórdís+x@Exämple.org", EmailCanonical: "þórdís+x@exämple.org",
			Mobile: "+354123456789012", Locale: "zh-Hant-TW", MarketingConsent: true,
		},
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		RequestedAt:  noon.In(time.FixedZone("", 5*3600)),
	}
}

func rowOf(r user.Registration, id string) row {
	p := r.Profile
	w := row{
		ID: id, RegistrationID: r.ID, Email: p.Email, EmailCanonical: p.EmailCanonical, PasswordHash: r.PasswordHash,
		Username: sql.NullString{String: p.Username, Valid: p.Username != ""},
		Mobile:   sql.NullString{String: p.Mobile, Valid: p.Mobile != ""},
		Status:   user.StatusPending, RequestedAt: micro(r.RequestedAt),
		FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale, MarketingConsent: p.MarketingConsent,
	}
	if p.MarketingConsent {
		w.ConsentAt = someTime(r.RequestedAt)
	}
	return w
}

func testPersistFields(t *testing.T, s *store.Store) {
	r := full()
	p := persist(t, s, r)
	require.Equal(t, user.Persisted{UserID: p.UserID, Status: user.StatusPending}, p)
	require.Equal(t, rowOf(r, p.UserID), onlyRow(t, s))

	bare := registration("bare@example.org")
	other := persist(t, s, bare)
	require.Less(t, p.UserID, other.UserID, "ids grow with time")
	require.Equal(t, rowOf(bare, other.UserID), rows(t, s)[0])
	persist(t, s, registration("bare2@example.org")) // users without a username do not collide
}

func testPersistIdempotent(t *testing.T, s *store.Store) {
	r := full()
	p := persist(t, s, r)
	require.False(t, p.Again)
	again := r
	again.PasswordHash, again.Profile.FirstName = "other", "Other"
	p.Again, p.Mobile = true, r.Profile.Mobile
	require.Equal(t, p, persist(t, s, again))
	require.Equal(t, rowOf(r, p.UserID), onlyRow(t, s), "the first call's row stays")

	activate(t, s, r)
	p.Status = user.StatusActive
	require.Equal(t, p, persist(t, s, r))
}

func testPersistTaken(t *testing.T, s *store.Store) {
	active := registration("active@example.org", named("Ada"))
	persist(t, s, active)
	activate(t, s, active)
	persist(t, s, registration("pending@example.org", named("Bob")))
	before := rows(t, s)

	pending := func(c ...change) user.Registration { return registration("pending@example.org", c...) }
	for name, c := range map[string]struct {
		user.Registration
		want error
	}{
		"email of an active user":                {registration("active@example.org", after(9)), user.ErrEmailTaken},
		"email of an active user, asked before":  {registration("active@example.org", after(-9)), user.ErrEmailTaken},
		"email and username":                     {registration("active@example.org", named("bob")), user.ErrEmailTaken},
		"email and username of the same user":    {registration("active@example.org", named("ada")), user.ErrEmailTaken},
		"username of an active user":             {registration("new@example.org", named("aDA")), user.ErrUsernameTaken},
		"username of a pending user":             {registration("new@example.org", named("BOB"), after(9)), user.ErrUsernameTaken},
		"takeover with a username of another":    {pending(named("ada"), after(9)), user.ErrUsernameTaken},
		"too old for a takeover, username taken": {pending(named("ada"), after(-9)), user.ErrSuperseded},
	} {
		p, err := s.Persist(within(t), c.Registration)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.want.Error(), err.Error(), "%s: the error is not wrapped", name)
		require.Zero(t, p, name)
	}
	require.Equal(t, before, rows(t, s))
}

func testTakeover(t *testing.T, s *store.Store) {
	first := full()
	id := persist(t, s, first).UserID
	chain := []user.Registration{first}
	for i, username := range []string{"", "Thordis", "tHORDIS"} {
		next := registration(first.Profile.EmailCanonical, after(i+1), named(username))
		want := user.Persisted{UserID: id, Status: user.StatusPending, Superseded: chain[i].ID}
		require.Equal(t, want, persist(t, s, next))
		require.Equal(t, rowOf(next, id), onlyRow(t, s))
		chain = append(chain, next)
	}
	last := chain[3]
	want := user.Persisted{UserID: id, Status: user.StatusPending, Again: true}
	require.Equal(t, want, persist(t, s, last), "a retry changes nothing")
	for _, r := range chain[:3] {
		_, err := s.Persist(within(t), r)
		require.ErrorIs(t, err, user.ErrSuperseded)
		require.ErrorIs(t, verified(s, within(t), user.Activation{Registration: r, At: evening}), user.ErrSuperseded)
		require.NoError(t, s.Expire(within(t), r.ID))
	}
	require.Equal(t, rowOf(last, id), onlyRow(t, s), "no value of the old registrations is left, and none took the user back")
	require.Equal(t, 1, count(t, s, "profiles"))
}

func testTakeBack(t *testing.T, s *store.Store) {
	first := full()
	id := persist(t, s, first).UserID
	entered := noon.Add(time.Second)
	later := registration(first.Profile.EmailCanonical, after(2), named("mallory"))
	require.Equal(t, first.ID, persist(t, s, later).Superseded)

	for _, takenBack := range []string{later.ID, ""} { // the second call finds nothing to take back
		got, err := s.Activate(within(t), user.Activation{Registration: first, At: entered})
		require.NoError(t, err)
		require.Equal(t, takenBack, got)
		want := rowOf(first, id)
		want.Status, want.VerifiedAt = user.StatusActive, someTime(entered)
		require.Equal(t, want, onlyRow(t, s))
	}
	require.ErrorIs(t, verified(s, within(t), user.Activation{Registration: later, At: evening}), user.ErrSuperseded)
	_, err := s.Persist(within(t), later)
	require.ErrorIs(t, err, user.ErrEmailTaken)
	require.Equal(t, 1, count(t, s, "profiles"))
}

func testTakeoverOrder(t *testing.T, s *store.Store) {
	small, large := "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	persist(t, s, registration("a@example.org", numbered(small)))
	_, err := s.Persist(within(t), registration("a@example.org", numbered(large), at(noon.Add(-time.Microsecond))))
	require.ErrorIs(t, err, user.ErrSuperseded, "times are compared in microseconds")

	sameMicrosecond := at(noon.Truncate(time.Microsecond))
	p := persist(t, s, registration("a@example.org", numbered(large), sameMicrosecond))
	require.Equal(t, small, p.Superseded, "with equal times, the larger id takes over")
	_, err = s.Persist(within(t), registration("a@example.org", numbered(small)))
	require.ErrorIs(t, err, user.ErrSuperseded)
}

func testDistinctEmails(t *testing.T, s *store.Store) {
	different := []string{
		"jose@example.org", "josé@example.org", "jose\u0301@example.org", "jos.e@example.org", "jose+a@example.org",
		"jose@example.org.", "jose@example.orgo", "jose\u200b@example.org", "straße@example.org", "strasse@example.org",
		"ﬁ@example.org", "fi@example.org", "ı@example.org", "i@example.org", "😀@example.org", "😁@example.org",
	}
	for _, e := range different {
		p := persist(t, s, registration(e))
		require.Empty(t, p.Superseded, e)
	}
	require.Len(t, rows(t, s), len(different))
}

func testDistinctUsernames(t *testing.T, s *store.Store) {
	different := []string{"ada", "ad", "adaa", "a.da", "a_da", "a-da", "a__a", "ada1"}
	for i, username := range different {
		persist(t, s, registration(email(i), named(username)))
		_, err := s.Persist(within(t), registration("new@example.org", named(strings.ToUpper(username))))
		require.ErrorIs(t, err, user.ErrUsernameTaken, username)
	}
	require.Len(t, rows(t, s), len(different))
}

func testContext(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Persist(ctx, registration("a@example.org"))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "persist user: ")
	require.Empty(t, rows(t, s))
}
