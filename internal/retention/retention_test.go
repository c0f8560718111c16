package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/retention"
)

// TestPageOfEvents: events that an endpoint lacks are kept for twice the time.
func TestPageOfEvents(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := retention.Settings{Events: 90 * time.Hour, Endpoints: []event.Endpoint{{Name: "crm", Types: event.Types}}}
	page, deletes := s.Page(retention.Events, now, "e-1")
	require.True(t, deletes)
	require.Equal(t, retention.Page{
		Rule: retention.Events, Before: now.Add(-90 * time.Hour), BeforeAnyway: now.Add(-180 * time.Hour), Endpoints: s.Endpoints, After: "e-1",
	}, page)
}

func TestEveryRuleHasAnAge(t *testing.T) {
	t.Parallel()
	for _, r := range retention.Rules {
		_, deletes := retention.Settings{Expired: 1, Ledger: 1, Events: 1, Audit: 1}.Page(r, time.Now(), "")
		require.True(t, deletes, r)
	}
	for _, r := range []retention.Rule{retention.LedgerWithoutUser, retention.Ledger, retention.Attempts, retention.Events, retention.Audit} {
		_, deletes := retention.Settings{}.Page(r, time.Now(), "")
		require.False(t, deletes, r)
	}
}
