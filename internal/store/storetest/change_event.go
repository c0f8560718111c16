package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

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
