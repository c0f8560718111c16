package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

// testEventsOfChanges: a change that changes something is announced, once.
func testEventsOfChanges(t *testing.T, s *store.Store) {
	ada := registration("ada@example.org")
	p := persist(t, s, ada)
	activate(t, s, ada)
	announced := func(kind user.ChangeKind, set user.Change) int {
		r := requestOf(p.UserID, kind, set)
		first := changed(t, s, r)
		again := changed(t, s, r)
		require.Equal(t, user.ChangeDone, again.Outcome)
		if len(first.Announced) == 0 {
			return 0
		}
		require.Equal(t, first.Announced, again.Announced)
		require.Len(t, first.Announced, 1)
		require.Equal(t, ada.ID, first.Announced[0].RegistrationID)
		return first.Announced[0].Through
	}
	everything := user.Change{FirstName: new("Augusta"), MarketingConsent: new(true)}
	require.Equal(t, 4, announced(user.ChangeUpdate, everything))
	require.Zero(t, announced(user.ChangeUpdate, everything), "nothing changes")
	require.Zero(t, announced(user.ChangeUpdate, user.Change{}))
	require.Zero(t, announced(user.ChangeUnblock, user.Change{}))
	require.Equal(t, 5, announced(user.ChangeBlock, user.Change{}))
	require.Equal(t, 6, announced(user.ChangeUnblock, user.Change{}))
	require.Equal(t, 7, announced(user.ChangeConsent, user.Change{MarketingConsent: new(false)}))
	require.Equal(t, []string{
		"1 user.registered", "2 user.activated", "3 user.updated", "4 consent.changed", "5 user.blocked", "6 user.unblocked", "7 consent.changed",
	}, history(t, s, ada.ID))
	all := eventsOf(t, s, ada.ID)
	require.Equal(t, "Augusta", all[3].User.FirstName, "after the change")
	require.Equal(t, "blocked", all[4].User.Status)
	require.Equal(t, "active", all[5].User.Status)
	require.False(t, all[6].User.MarketingConsent)
}

// testEventsOfSuppressions withdraws the consent of two active users that have the same address unproven.
func testEventsOfSuppressions(t *testing.T, s *store.Store) {
	first, second, without := registration("a@example.org", consenting), registration("a@example.org", consenting), registration("a@example.org")
	second.Profile.Mobile, without.Profile.Mobile = "+491701234502", "+491701234503"
	var ids []string
	for _, r := range []user.Registration{first, second, without} {
		ids = append(ids, persist(t, s, r).UserID)
		activate(t, s, r)
	}
	registered := []string{"1 user.registered", "2 user.activated"}
	withdrawn := []string{"1 user.registered", "2 user.activated", "3 consent.changed"}
	suppress(t, s, listed("a@example.org", message.Bounced, evening), listed("a@example.org", message.Complained, noon.Add(-time.Hour)))
	require.Equal(t, registered, history(t, s, first.ID), "the consent stays")

	complaint := message.Report{
		Provider: "mailgun", MessageID: "1@mg", Status: message.StatusComplained, At: evening, Token: "1",
		Recipient: "a@example.org", Suppress: message.Unsubscribed,
	}
	report(t, s, complaint, complaint)
	for _, r := range []user.Registration{first, second} {
		require.Equal(t, withdrawn, history(t, s, r.ID))
		last := eventsOf(t, s, r.ID)[2].User
		require.False(t, last.MarketingConsent)
		require.Equal(t, micro(evening), *last.ConsentAt)
	}
	require.Equal(t, registered, history(t, s, without.ID), "it had not consented")

	set := user.Change{MarketingConsent: new(true)}
	for _, id := range ids[:2] {
		changed(t, s, requestOf(id, user.ChangeUpdate, set))
	}
	again := requestOf(ids[0], user.ChangeConsent, user.Change{MarketingConsent: new(false)})
	for range 2 {
		announced := changed(t, s, again).Announced
		require.ElementsMatch(t, []user.Announced{{RegistrationID: first.ID, Through: 5}, {RegistrationID: second.ID, Through: 5}}, announced)
	}
	require.Equal(t, registered, history(t, s, without.ID))
}

// testRaceWithdrawals withdraws the consents of two users of one address by their links and by a complaint at the same time. Each
// consent is withdrawn, and announced, once.
func testRaceWithdrawals(t *testing.T, s *store.Store) {
	for i := range rounds {
		var both []user.Registration
		var calls []func()
		errs := make([]error, 3)
		for n := range 2 {
			r := registration(email(i), consenting)
			r.Profile.Mobile = ""
			both = append(both, r)
			change := requestOf(persist(t, s, r).UserID, user.ChangeConsent, user.Change{MarketingConsent: new(false)})
			activate(t, s, r)
			ctx := within(t)
			calls = append(calls, func() { _, errs[n] = s.ChangeUser(ctx, change) })
		}
		ctx := within(t)
		calls = append(calls, func() { errs[2] = s.Suppress(ctx, listed(both[0].Profile.EmailCanonical, message.Complained, night)) })
		runConcurrently(calls...)
		require.NoError(t, errors.Join(errs...))
		for _, r := range both {
			require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 consent.changed"}, history(t, s, r.ID))
			require.False(t, eventsOf(t, s, r.ID)[2].User.MarketingConsent)
		}
	}
}

// testLackingEvents lists what an endpoint wants and has not received, without what an import has announced.
func testLackingEvents(t *testing.T, s *store.Store) {
	r := registration("a@example.org")
	persist(t, s, r)
	activate(t, s, r)
	crm := event.Endpoint{Name: "crm", Types: event.Types}
	lacking := func(to event.Endpoint, after, before string, limit int) []event.Event {
		found, through, err := s.LackingEvents(within(t), to, after, before, limit)
		require.NoError(t, err)
		if len(found) == limit {
			require.Equal(t, found[limit-1].ID, through)
		} else {
			require.Equal(t, before, through)
		}
		return found
	}
	all := eventsOf(t, s, r.ID)
	end := event.FirstID(time.Now().Add(time.Hour))
	require.Equal(t, all, lacking(crm, "", end, 9))
	require.Equal(t, all[:1], lacking(crm, "", end, 1))
	require.Equal(t, all[1:], lacking(crm, all[0].ID, end, 9))
	require.Empty(t, lacking(crm, "", event.FirstID(time.Now().Add(-time.Hour)), 9))
	require.Equal(t, all[1:], lacking(event.Endpoint{Name: "crm", Types: []event.Type{event.UserActivated}}, "", end, 9))
	require.NoError(t, s.RecordDelivery(within(t), event.Delivery{EventID: all[0].ID, Endpoint: "crm", Status: event.Gone, At: noon}))
	require.Equal(t, all[1:], lacking(crm, "", end, 9))
	require.Equal(t, all, lacking(event.Endpoint{Name: "new", Types: event.Types}, "", end, 9))
	_, err := s.Pool().ExecContext(within(t), "UPDATE events SET imported = ?", true)
	require.NoError(t, err)
	require.Empty(t, lacking(crm, "", end, 9))
}
