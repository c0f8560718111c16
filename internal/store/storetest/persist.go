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
			TermsVersion: strings.Repeat("2026-01~", 8),
			Attributes:   `{"company":"Ñandú & Söhne \"龘\" 👩🏽‍🚀","sizes":[1,2.5],"text":"` + strings.Repeat("a\\n", 500) + `"}`,
		},
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		RequestedAt:  noon.In(time.FixedZone("", 5*3600)),
	}
}

func rowOf(r user.Registration, id string) row {
	p := r.Profile
	w := row{
		ID: id, RegistrationID: r.ID, PasswordHash: r.PasswordHash,
		Email:          sql.NullString{String: p.Email, Valid: true},
		EmailCanonical: sql.NullString{String: p.EmailCanonical, Valid: true},
		Username:       sql.NullString{String: p.Username, Valid: p.Username != ""},
		Mobile:         sql.NullString{String: p.Mobile, Valid: p.Mobile != ""},
		Status:         user.StatusPending, RequestedAt: micro(r.RequestedAt),
		FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale, MarketingConsent: p.MarketingConsent,
		TermsVersion: p.TermsVersion, Attributes: sql.NullString{String: p.Attributes, Valid: p.Attributes != ""},
	}
	if p.MarketingConsent {
		w.ConsentAt = someTime(r.RequestedAt)
	}
	if p.TermsVersion != "" {
		w.TermsAcceptedAt = someTime(r.RequestedAt)
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
	require.NoError(t, verified(s, within(t), byEmail(active)))
	persist(t, s, registration("pending@example.org", named("Bob")))
	before := rows(t, s)

	for name, c := range map[string]struct {
		user.Registration
		want error
	}{
		"email of a proven user":               {registration("active@example.org", after(9)), user.ErrEmailTaken},
		"email of a proven user, asked before": {registration("active@example.org", after(-9)), user.ErrEmailTaken},
		"email and username":                   {registration("active@example.org", named("bob")), user.ErrEmailTaken},
		"email and username of the same user":  {registration("active@example.org", named("ada")), user.ErrEmailTaken},
		"username of an active user":           {registration("new@example.org", named("aDA")), user.ErrUsernameTaken},
		"username of a pending user":           {registration("new@example.org", named("BOB"), after(9)), user.ErrUsernameTaken},
		"email unproven, username of another":  {registration("pending@example.org", named("ada")), user.ErrUsernameTaken},
		"concealed, username of the holder":    {registration("active@example.org", named("ada"), concealed), user.ErrUsernameTaken},
	} {
		p, err := s.Persist(within(t), c.Registration)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.want.Error(), err.Error(), "%s: the error is not wrapped", name)
		require.Zero(t, p, name)
	}
	require.Equal(t, before, rows(t, s))
}

func testDistinctEmails(t *testing.T, s *store.Store) {
	different := []string{
		"jose@example.org", "josé@example.org", "jose\u0301@example.org", "jos.e@example.org", "jose+a@example.org",
		"jose' OR ''='", `jose" OR ""="`, `jose\'--@example.org`, "jose%@example.org", "jos_@example.org", // SQL stays text
		"jose@example.org.", "jose@example.orgo", "jose\u200b@example.org", "straße@example.org", "strasse@example.org",
		"ﬁ@example.org", "fi@example.org", "ı@example.org", "i@example.org", "😀@example.org", "😁@example.org",
	}
	for _, e := range different {
		require.False(t, persist(t, s, registration(e)).Contested, e)
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
