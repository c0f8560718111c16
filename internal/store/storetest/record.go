package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/audit"
	"registrar/internal/store"
	"registrar/internal/user"
)

func testRecord(t *testing.T, s *store.Store) {
	r := full()
	r.Profile.MarketingConsent, r.Profile.TermsVersion, r.Profile.Attributes = true, "2026-01", `{"company":"Acme"}`
	id := persist(t, s, r).UserID
	got := recordOf(t, s, id)
	require.WithinDuration(t, time.Now(), got.CreatedAt, time.Minute)
	require.JSONEq(t, r.Profile.Attributes, got.Attributes)
	p := r.Profile
	require.Equal(t, user.Record{
		ID: id, RegistrationID: r.ID, Status: user.StatusPending, Email: p.Email, Username: p.Username, Mobile: p.Mobile,
		RequestedAt: micro(r.RequestedAt), CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt,
		FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale, MarketingConsent: true, ConsentAt: micro(r.RequestedAt),
		ConsentSource: "registration", TermsVersion: "2026-01", TermsAcceptedAt: micro(r.RequestedAt), Attributes: got.Attributes,
	}, got)
	for _, unknown := range []string{uuid.NewString(), "", "не найдено"} {
		_, found, err := s.User(within(t), unknown)
		require.NoError(t, err)
		require.False(t, found)
	}
}

func testFindUsers(t *testing.T, s *store.Store) {
	var ids []string // newest first
	for i := range 7 {
		r := registration(email(i), named(fmt.Sprintf("user-%d", i)))
		r.Profile.Mobile = fmt.Sprintf("+1555010%d", i/2)
		ids = append([]string{persist(t, s, r).UserID}, ids...)
		if i%2 == 0 {
			activate(t, s, r)
		}
	}
	find := func(f user.Filter, after string, limit int) (found []string) {
		page, err := s.FindUsers(within(t), f, after, limit)
		require.NoError(t, err)
		for _, u := range page {
			found = append(found, u.ID)
		}
		return found
	}
	require.Equal(t, ids, find(user.Filter{}, "", 10))
	require.Equal(t, ids[:3], find(user.Filter{}, "", 3))
	require.Equal(t, ids[3:6], find(user.Filter{}, ids[2], 3))
	require.Empty(t, find(user.Filter{}, ids[6], 3))
	require.Empty(t, find(user.Filter{}, "не найдено", 3))
	require.Equal(t, ids[6:], find(user.Filter{EmailCanonical: email(0)}, "", 10))
	require.Equal(t, ids[3:5], find(user.Filter{Mobile: "+15550101"}, "", 10))
	require.Equal(t, ids[5:6], find(user.Filter{Username: "USER-1"}, "", 10))
	require.Empty(t, find(user.Filter{Username: "пользователь"}, "", 10))
	require.Equal(t, []string{ids[0], ids[2], ids[4], ids[6]}, find(user.Filter{Status: user.StatusActive}, "", 10))
	require.Equal(t, []string{ids[1], ids[3], ids[5]}, find(user.Filter{Status: user.StatusPending}, "", 10))
	require.Empty(t, find(user.Filter{Status: user.StatusBlocked}, "", 10))
	require.Equal(t, ids[4:5], find(user.Filter{Mobile: "+15550101", Status: user.StatusActive}, "", 10))

	middle := recordOf(t, s, ids[3]).CreatedAt
	newer, older := find(user.Filter{CreatedAfter: middle}, "", 10), find(user.Filter{CreatedBefore: middle}, "", 10)
	require.NotContains(t, newer, ids[3])
	require.NotContains(t, older, ids[3])
	require.Subset(t, ids[:3], newer)
	require.Subset(t, ids[4:], older)
	require.Empty(t, find(user.Filter{CreatedAfter: time.Now().Add(time.Hour)}, "", 10))
}

func testAudit(t *testing.T, s *store.Store) {
	users, none := []string{uuid.NewString(), uuid.NewString()}, 0
	var all []audit.Entry // newest first
	for i := range 9 {
		e := audit.Entry{
			ID: uuid.NewString(), At: micro(noon.Add(time.Duration(i/3) * time.Hour)), Actor: []string{"support", "cli:ada"}[i%2],
			Action: audit.UserRead, UserID: users[i%2],
		}
		if i == 4 {
			e.Action, e.UserID, e.Detail = audit.UserSearched, "", audit.Detail{Fields: []string{"email"}, Users: &none}
		}
		for range 2 { // a retry adds nothing
			require.NoError(t, s.RecordAudit(within(t), e))
		}
		all = append(all, e)
	}
	page := func(f audit.Filter, after audit.Cursor, limit int) []audit.Entry {
		entries, err := s.Audit(within(t), f, after, limit)
		require.NoError(t, err)
		return entries
	}
	listed := page(audit.Filter{}, audit.Cursor{}, 100)
	require.ElementsMatch(t, all, listed)
	var paged []audit.Entry
	for after := (audit.Cursor{}); ; after = paged[len(paged)-1].Cursor() {
		next := page(audit.Filter{}, after, 2)
		if len(next) == 0 {
			break
		}
		paged = append(paged, next...)
	}
	require.Equal(t, listed, paged, "pages have each entry once, also of the same time")
	require.Len(t, page(audit.Filter{Actor: "support"}, audit.Cursor{}, 100), 5)
	require.Len(t, page(audit.Filter{Actor: "support", UserID: users[0]}, audit.Cursor{}, 100), 4)
	require.Len(t, page(audit.Filter{Since: noon, Until: noon.Add(time.Hour)}, audit.Cursor{}, 100), 3)
	require.Empty(t, page(audit.Filter{UserID: "не найдено"}, audit.Cursor{}, 100))

	require.NoError(t, s.RecordAudit(within(t), audit.Entry{At: night, Actor: "admin", Action: audit.UserRead, UserID: users[0]}))
	require.NoError(t, uuid.Validate(page(audit.Filter{Actor: "admin"}, audit.Cursor{}, 1)[0].ID), "a new id")
}
