package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
)

func testEventFilter(t *testing.T, s *store.Store) {
	list := func(f event.Filter, after string, limit int) []string {
		events, err := s.Events(within(t), f, after, limit)
		require.NoError(t, err)
		var ids []string
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		return ids
	}
	ada, bob := registration(email(1)), registration(email(2))
	userID := persist(t, s, ada).UserID
	activate(t, s, ada)
	persist(t, s, bob)
	all := list(event.Filter{}, "", 10)
	require.Len(t, all, 3)
	require.IsIncreasing(t, all)
	require.Equal(t, all[:2], list(event.Filter{}, "", 2))
	require.Equal(t, all[2:], list(event.Filter{}, all[1], 2))

	require.Equal(t, all[:2], list(event.Filter{UserID: userID}, "", 10))
	require.Equal(t, all[2:], list(event.Filter{RegistrationID: bob.ID}, "", 10))
	require.Equal(t, all[1:2], list(event.Filter{Types: []event.Type{event.UserActivated, event.UserErased}}, "", 10))
	require.Empty(t, list(event.Filter{UserID: "ünbekannt"}, "", 10))
	hour := time.Now().Add(time.Hour)
	require.Empty(t, list(event.Filter{Since: hour}, "", 10))
	require.Equal(t, all, list(event.Filter{Until: hour}, "", 10))

	deliver := func(id, endpoint string) {
		require.NoError(t, s.RecordDelivery(within(t), event.Delivery{EventID: id, Endpoint: endpoint, Status: event.Delivered, At: noon}))
	}
	deliver(all[0], "crm")
	deliver(all[0], "billing")
	deliver(all[1], "crm")
	crm, billing := event.Endpoint{Name: "crm", Types: event.Types}, event.Endpoint{Name: "billing", Types: event.Types}
	require.Equal(t, all[2:], list(event.Filter{Undelivered: []event.Endpoint{crm}}, "", 10))
	require.Equal(t, all[1:], list(event.Filter{Undelivered: []event.Endpoint{crm, billing}}, "", 10))
	require.Equal(t, all[1:2], list(event.Filter{UserID: userID, Undelivered: []event.Endpoint{crm, billing}}, "", 10))
	billing.Types = []event.Type{event.UserActivated}
	require.Equal(t, all[1:2], list(event.Filter{Undelivered: []event.Endpoint{billing}}, "", 10), "billing does not want the others")
	require.Empty(t, list(event.Filter{Undelivered: []event.Endpoint{{Name: "none"}}}, "", 10))

	n, err := s.CountEvents(within(t), event.Filter{Undelivered: []event.Endpoint{crm, billing}})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = s.CountEvents(within(t), event.Filter{})
	require.NoError(t, err)
	require.Equal(t, 3, n)
	of, err := s.EventsOf(within(t), bob.ID, ada.ID)
	require.NoError(t, err)
	require.Len(t, of, 3)
}

func testDeliveries(t *testing.T, s *store.Store) {
	r := registration(email(1))
	persist(t, s, r)
	activate(t, s, r)
	events := eventsOf(t, s, r.ID)
	first, second := events[0].ID, events[1].ID
	want := []event.Delivery{
		{EventID: first, Endpoint: "billing", Status: event.Gone, At: micro(noon)},
		{EventID: first, Endpoint: "crm", Status: event.Delivered, At: micro(noon)},
		{EventID: second, Endpoint: "crm", Status: event.Delivered, At: micro(evening)},
	}
	for _, d := range want {
		require.NoError(t, s.RecordDelivery(within(t), d))
		d.At, d.Status = evening.Add(time.Hour), event.Delivered
		require.NoError(t, s.RecordDelivery(within(t), d), "the first one stays")
	}
	got, err := s.Deliveries(within(t), first, second)
	require.NoError(t, err)
	require.Equal(t, want, got)
	deleted := uuid.NewString()
	require.NoError(t, s.RecordDelivery(within(t), event.Delivery{EventID: deleted, Endpoint: "crm", Status: event.Delivered, At: noon}))
	none, err := s.Deliveries(within(t), deleted)
	require.NoError(t, err)
	require.Empty(t, none)
}

// succeeds reports an error of another goroutine.
func succeeds(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// testRaceEvents changes one user in several ways at a time, each repeated.
func testRaceEvents(t *testing.T, s *store.Store) {
	ctx := within(t)
	for i := range 10 {
		r := registration(email(i))
		persist(t, s, r)
		var changes []func()
		for range 4 {
			changes = append(changes,
				func() { _, err := s.Activate(ctx, byEmail(r)); succeeds(t, err) },
				func() { _, err := s.ConfirmEmail(ctx, r.ID, email(i), evening); succeeds(t, err) })
		}
		runConcurrently(changes...)
		got := history(t, s, r.ID)
		require.Len(t, got, 3)
		require.ElementsMatch(t, []string{"user.registered", "user.activated", "user.email_confirmed"}, []string{got[0][2:], got[1][2:], got[2][2:]})
		last := eventsOf(t, s, r.ID)[2].User
		require.True(t, last.EmailVerified)
		require.Equal(t, string(user.StatusActive), last.Status, "the last event has the final user")
	}
}

// testRaceEventsProof lets several users with one email prove it at a time. Each loser is announced as expired once.
func testRaceEventsProof(t *testing.T, s *store.Store) {
	const users = 6
	ctx := within(t)
	var all []user.Registration
	var proofs []func()
	won := make([]user.Displaced, users)
	for i := range users {
		r := registration(email(1))
		persist(t, s, r)
		all = append(all, r)
		proofs = append(proofs, func() { won[i], _ = s.Activate(ctx, byEmail(r)) })
	}
	runConcurrently(proofs...)
	winners := 0
	for i, r := range all {
		if len(won[i].Announced) == 0 {
			require.Equal(t, []string{"1 user.registered", "2 user.expired superseded"}, history(t, s, r.ID))
			continue
		}
		winners++
		require.Len(t, won[i].Announced, users)
		require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_confirmed"}, history(t, s, r.ID))
	}
	require.Equal(t, 1, winners)
}

func testRaceRecordEvent(t *testing.T, s *store.Store) {
	ctx := within(t)
	for i := range 10 {
		r, never := registration(email(i)), registration(email(i))
		persist(t, s, r)
		fail := func(id string) func() {
			return func() {
				_, err := s.RecordEvent(ctx, id, event.RegistrationFailed, "internal_error")
				succeeds(t, err)
			}
		}
		runConcurrently(fail(r.ID), fail(never.ID), fail(r.ID), fail(never.ID), func() {
			_, err := s.Activate(ctx, user.Activation{Registration: r, At: evening})
			succeeds(t, err)
		})
		require.Len(t, history(t, s, never.ID), 1)
		require.GreaterOrEqual(t, len(history(t, s, r.ID)), 3)
	}
}
