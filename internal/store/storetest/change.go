package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/audit"
	"registrar/internal/campaign"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

// night is later than every other time of the tests.
var night = evening.Add(3 * time.Hour)

// requestOf is a change of a user by the operator support.
func requestOf(userID string, kind user.ChangeKind, set user.Change) user.ChangeRequest {
	return user.ChangeRequest{ID: uuid.NewString(), UserID: userID, Kind: kind, Actor: "support", At: night, Set: set}
}

func changed(t *testing.T, s *store.Store, r user.ChangeRequest) user.ChangeResult {
	t.Helper()
	out, err := s.ChangeUser(within(t), r)
	require.NoError(t, err)
	return out
}

func makeChange(t *testing.T, s *store.Store, r user.ChangeRequest) {
	t.Helper()
	require.Equal(t, user.ChangeDone, changed(t, s, r).Outcome)
}

func recordOf(t *testing.T, s *store.Store, userID string) user.Record {
	t.Helper()
	u, found, err := s.User(within(t), userID)
	require.NoError(t, err)
	require.True(t, found)
	return u
}

func trail(t *testing.T, s *store.Store, f audit.Filter) []audit.Entry {
	t.Helper()
	entries, err := s.Audit(within(t), f, audit.Cursor{}, 100)
	require.NoError(t, err)
	return entries
}

func testBlock(t *testing.T, s *store.Store) {
	ada, bob := full(), registration("bob@example.org")
	id, pending := persist(t, s, ada).UserID, persist(t, s, bob).UserID
	_, err := s.Activate(within(t), byEmail(ada))
	require.NoError(t, err)
	before := recordOf(t, s, id)

	require.Equal(t, user.ChangeResult{Outcome: user.ChangeConflict, Conflict: user.CodeUserPending}, changed(t, s, requestOf(pending, user.ChangeBlock, user.Change{})))
	require.Equal(t, user.StatusPending, recordOf(t, s, pending).Status)
	makeChange(t, s, requestOf(pending, user.ChangeUnblock, user.Change{}))
	require.Equal(t, user.StatusPending, recordOf(t, s, pending).Status)
	for _, kind := range []user.ChangeKind{user.ChangeBlock, user.ChangeUnblock, user.ChangeUpdate, user.ChangeConsent} {
		for _, unknown := range []string{uuid.NewString(), "no id", "не найдено"} {
			require.Equal(t, user.ChangeNotFound, changed(t, s, requestOf(unknown, kind, user.Change{})).Outcome)
		}
	}

	for range 2 { // to block a blocked user changes nothing
		makeChange(t, s, requestOf(id, user.ChangeBlock, user.Change{}))
		blocked := recordOf(t, s, id)
		require.Equal(t, []any{user.StatusBlocked, micro(night)}, []any{blocked.Status, blocked.BlockedAt})
	}
	for range 2 {
		makeChange(t, s, requestOf(id, user.ChangeUnblock, user.Change{}))
		after := recordOf(t, s, id)
		after.UpdatedAt = before.UpdatedAt
		require.Equal(t, before, after, "everything else stays")
	}
}

// testBlocked: a blocked user keeps what it has, and stays blocked whatever happens to it.
func testBlocked(t *testing.T, s *store.Store) {
	ada := full()
	ada.Profile.MarketingConsent = true
	id := persist(t, s, ada).UserID
	_, err := s.Activate(within(t), byEmail(ada))
	require.NoError(t, err)
	everyone := campaign.Audience{Before: time.Now().Add(time.Hour)}
	listed, err := s.Addressees(within(t), everyone, "", 10)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	makeChange(t, s, requestOf(id, user.ChangeBlock, user.Change{}))

	listed, err = s.Addressees(within(t), everyone, "", 10)
	require.NoError(t, err)
	require.Empty(t, listed, "no campaigns")
	_, err = s.Persist(within(t), registration(ada.Profile.Email, func(r *user.Registration) { r.Profile.EmailCanonical = ada.Profile.EmailCanonical }))
	require.ErrorIs(t, err, user.ErrEmailTaken)
	_, err = s.Persist(within(t), registration("other@example.org", named(ada.Profile.Username)))
	require.ErrorIs(t, err, user.ErrUsernameTaken)
	_, held, err := s.Holder(within(t), ada.Profile.EmailCanonical)
	require.NoError(t, err)
	require.True(t, held)

	again, err := s.Persist(within(t), ada)
	require.NoError(t, err)
	require.Equal(t, user.Persisted{UserID: id, Status: user.StatusBlocked, Again: true, EmailVerified: true, Mobile: ada.Profile.Mobile}, again)
	_, err = s.Activate(within(t), byEmail(ada))
	require.NoError(t, err)
	require.NoError(t, s.SetMobile(within(t), ada.ID, "+15550199"))
	_, err = s.Expire(within(t), ada.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	_, err = s.ConfirmEmail(within(t), ada.ID, ada.Profile.EmailCanonical, night)
	require.NoError(t, err)
	account, found, err := s.AccountOf(within(t), ada.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, user.StatusBlocked, account.Status)
	require.Equal(t, ada.Profile.Mobile, recordOf(t, s, id).Mobile)
}

// testBlockedUnproven: an address belongs to the user who proves it, also if a blocked one had it before.
func testBlockedUnproven(t *testing.T, s *store.Store) {
	blocked, winner := registration("ada@example.org"), registration("ada@example.org")
	id := persist(t, s, blocked).UserID
	activate(t, s, blocked)
	makeChange(t, s, requestOf(id, user.ChangeBlock, user.Change{}))
	persist(t, s, winner)
	lost, err := s.Activate(within(t), byEmail(winner))
	require.NoError(t, err)
	require.Equal(t, []string{blocked.ID}, lost.Released)
	after := recordOf(t, s, id)
	require.Equal(t, []any{user.StatusBlocked, ""}, []any{after.Status, after.Email})

	disowned := registration("bob@example.org")
	id = persist(t, s, disowned).UserID
	activate(t, s, disowned)
	makeChange(t, s, requestOf(id, user.ChangeBlock, user.Change{}))
	_, err = s.DisownEmail(within(t), disowned.ID, "bob@example.org", night)
	require.NoError(t, err)
	require.Equal(t, user.StatusBlocked, recordOf(t, s, id).Status)
}

func testUpdate(t *testing.T, s *store.Store) {
	ada := full()
	ada.Profile.Attributes = `{"company":"Acme","size":3}`
	id := persist(t, s, ada).UserID
	before := recordOf(t, s, id)
	makeChange(t, s, requestOf(id, user.ChangeUpdate, user.Change{
		FirstName: new("Augusta"), Locale: new("fr"),
		Attributes: user.AttributeChange{"company": json.RawMessage(`"<Dupont>"`), "size": json.RawMessage("null"), "vip": json.RawMessage("true")},
	}))
	after := recordOf(t, s, id)
	require.JSONEq(t, `{"company":"<Dupont>","vip":true}`, after.Attributes)
	want := before
	want.FirstName, want.Locale, want.Attributes, want.UpdatedAt = "Augusta", "fr", after.Attributes, after.UpdatedAt
	require.Equal(t, want, after)
	require.False(t, after.UpdatedAt.Before(before.UpdatedAt))

	makeChange(t, s, requestOf(id, user.ChangeUpdate, user.Change{Attributes: user.AttributeChange{
		"company": json.RawMessage("null"), "vip": json.RawMessage("null"), "unknown": json.RawMessage("null"),
	}}))
	require.Empty(t, recordOf(t, s, id).Attributes)
	require.Equal(t, [][]string{
		{"attributes.company", "attributes.size", "attributes.vip", "first_name", "locale"},
		{"attributes.company", "attributes.unknown", "attributes.vip"},
	}, fieldsOf(trail(t, s, audit.Filter{UserID: id})), "names, no values")
}

func fieldsOf(entries []audit.Entry) (fields [][]string) {
	for _, e := range entries {
		fields = append(fields, e.Detail.Fields)
	}
	slices.SortFunc(fields, slices.Compare)
	return fields
}

func testConsentByOperator(t *testing.T, s *store.Store) {
	ada := registration("ada@example.org", withConsent)
	id := persist(t, s, ada).UserID
	_, err := s.Activate(within(t), byEmail(ada))
	require.NoError(t, err)
	everyone := campaign.Audience{Before: time.Now().Add(time.Hour)}
	reached := func() int {
		listed, err := s.Addressees(within(t), everyone, "", 10)
		require.NoError(t, err)
		return len(listed)
	}
	withdraw, give := requestOf(id, user.ChangeUpdate, user.Change{MarketingConsent: new(false)}), requestOf(id, user.ChangeUpdate, user.Change{MarketingConsent: new(true)})
	makeChange(t, s, withdraw)
	require.Equal(t, consent{false, micro(night), "operator:support"}, consentOf(t, s, id))
	require.Equal(t, []message.Suppression{
		{Address: "ada@example.org", Reason: message.Unsubscribed, Source: "operator:support", Since: micro(night)},
	}, listSuppressions(t, s), "like the link")
	require.Zero(t, reached())

	give.At = night.Add(time.Minute)
	makeChange(t, s, give)
	require.Equal(t, consent{true, micro(give.At), "operator:support"}, consentOf(t, s, id))
	require.Equal(t, 1, reached(), "the consent is newer than the suppression")
	again := give
	again.ID, again.At, again.Actor = uuid.NewString(), night.Add(time.Hour), "another"
	makeChange(t, s, again)
	require.Equal(t, consent{true, micro(give.At), "operator:support"}, consentOf(t, s, id), "the first time and source stay")

	link := requestOf(id, user.ChangeConsent, user.Change{MarketingConsent: new(false)})
	link.Actor, link.At = "link", night.Add(2*time.Hour)
	makeChange(t, s, link)
	require.Equal(t, consent{false, micro(link.At), "link"}, consentOf(t, s, id))
	require.Zero(t, reached())
}

// testConsentWithoutAddress: a user who has lost its address has a consent all the same.
func testConsentWithoutAddress(t *testing.T, s *store.Store) {
	ada := registration("ada@example.org", withConsent)
	id := persist(t, s, ada).UserID
	activate(t, s, ada)
	_, err := s.DisownEmail(within(t), ada.ID, "ada@example.org", noon)
	require.NoError(t, err)
	makeChange(t, s, requestOf(id, user.ChangeUpdate, user.Change{MarketingConsent: new(false)}))
	require.Equal(t, consent{false, micro(night), "operator:support"}, consentOf(t, s, id))
	require.Empty(t, listSuppressions(t, s))
}

// testChangeOnce: a retry of a change makes and records nothing more, also after another change.
func testChangeOnce(t *testing.T, s *store.Store) {
	ada := registration("ada@example.org")
	id := persist(t, s, ada).UserID
	activate(t, s, ada)
	block := requestOf(id, user.ChangeBlock, user.Change{})
	makeChange(t, s, block)
	makeChange(t, s, block)
	unblock := requestOf(id, user.ChangeUnblock, user.Change{})
	unblock.At = night.Add(time.Minute)
	makeChange(t, s, unblock)
	makeChange(t, s, block)
	require.Equal(t, user.StatusActive, recordOf(t, s, id).Status)
	require.Equal(t, []audit.Entry{
		{ID: unblock.ID, At: micro(unblock.At), Actor: "support", Action: audit.UserUnblocked, UserID: id},
		{ID: block.ID, At: micro(night), Actor: "support", Action: audit.UserBlocked, UserID: id},
	}, trail(t, s, audit.Filter{}))
}

// testRaceChanges: changes of different attributes at the same time are all made, and each retry of one change once.
func testRaceChanges(t *testing.T, s *store.Store) {
	id := persist(t, s, registration("ada@example.org")).UserID
	const operators, retries = 8, 3
	errs := make([]error, operators*retries)
	var calls []func()
	for i := range operators {
		r := requestOf(id, user.ChangeUpdate, user.Change{Attributes: user.AttributeChange{fmt.Sprintf("a%d", i): json.RawMessage("1")}})
		for try := range retries {
			ctx := within(t)
			calls = append(calls, func() { _, errs[i*retries+try] = s.ChangeUser(ctx, r) })
		}
	}
	runConcurrently(calls...)
	require.NoError(t, errors.Join(errs...))
	require.JSONEq(t, `{"a0":1,"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":1,"a7":1}`, recordOf(t, s, id).Attributes)
	require.Equal(t, operators, count(t, s, "audit"))
}
