//go:build ops

package ops_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const eventsSecret = "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cyE="

// startSiteWithReceiver starts a site that sends its events to a receiver, which is down while down is true.
func startSiteWithReceiver(t *testing.T, down *atomic.Bool) (*site, *parts.Receiver) {
	t.Helper()
	r := parts.StartReceiver(t, eventsSecret, func(_ int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		return down.Load() && parts.HangUp(w, "")
	})
	s := startSite(t, "EVENTS_URL", r.URL, "EVENTS_SECRET", eventsSecret, "EVENTS_ALLOW_PRIVATE", "true", "EVENTS_BUDGET", "6s")
	s.program.StartWorker(t, "events", s.settings, "--queues=events")
	return s, r
}

// TestReceiverIsDown keeps the receiver down until the deliveries have failed, and retries them with each tool. Then it follows the
// page about events.
func TestReceiverIsDown(t *testing.T) {
	var down atomic.Bool
	s, r := startSiteWithReceiver(t, &down)
	const undelivered = parked + " AND FailureReason='event_undelivered'"
	var people []person
	for _, tool := range []string{"temporal", "tctl"} {
		down.Store(true)
		some := s.register(t, 2)
		s.verify(t, some) // no user waits for the receiver
		s.awaitCount(t, undelivered, len(some))
		require.Equal(t, 2, strings.Count(s.do(t, "undelivered"), "user.registered"))
		down.Store(false)
		s.do(t, "retry-events-"+tool)
		s.awaitCount(t, undelivered, 0)
		s.requireReceived(t, r) // the signal ends the parking before the delivery
		people = append(people, some...)
	}
	s.followEventsPage(t, people[0])
	c := s.requireReceived(t, r)
	t.Logf("%+v", c)
	require.GreaterOrEqual(t, c.Duplicates, 4, "the replays")
}

// requireReceived waits until every event is delivered, and compares the receiver's receipts with the database.
func (s *site) requireReceived(t *testing.T, r *parts.Receiver) parts.EventCounts {
	t.Helper()
	const missing = "SELECT COUNT(*) FROM events WHERE id NOT IN (SELECT event_id FROM event_deliveries)"
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if n := s.lookUp(t, missing); n > 0 {
			return fmt.Errorf("%d events are not delivered", n)
		}
		return nil
	}))
	c, err := r.Count(strings.Fields(s.text(t, "SELECT GROUP_CONCAT(id SEPARATOR ' ') FROM events")))
	require.NoError(t, err)
	return c
}

// followEventsPage runs the blocks of the page about events for a user whose events are delivered.
func (s *site) followEventsPage(t *testing.T, p person) {
	t.Helper()
	listed, err := s.shell(t, "registrar events list")
	require.NoError(t, err, listed)
	requireNothingPersonal(t, p, listed)
	more := []string{
		"USER_ID=" + s.text(t, "SELECT id FROM users WHERE registration_id = ?", p.ID),
		"EVENT_ID=" + s.text(t, "SELECT id FROM events WHERE registration_id = ? AND sequence = 2", p.ID),
	}
	doEvents := func(block string) string {
		out, err := s.shell(t, operations.Block(t, "shell")+events.Block(t, block), more...)
		require.NoError(t, err, "block %s: %s", block, out)
		return out
	}
	shown := doEvents("list")
	require.Contains(t, shown, "no event\n", "everything is delivered")
	require.Equal(t, 1, strings.Count(shown, p.Email), "only show has personal data")
	require.Equal(t, 1, strings.Count(doEvents("list-http"), p.Email))
	replayed := doEvents("replay")
	require.Contains(t, replayed, "completed: 0 of 0 to default")
	require.Contains(t, replayed, "completed: 4 of 4 to default")
	require.Contains(t, doEvents("replay-http"), `"replay_id"`)
	require.Equal(t, 3, s.lookUp(t, "SELECT COUNT(*) FROM audit WHERE action = 'event.replay' AND actor LIKE 'cli:%'"))
	require.Equal(t, 1, s.lookUp(t, "SELECT COUNT(*) FROM audit WHERE action = 'event.read' AND actor = 'admin'"))
}

// text returns the text that a query on the user database yields.
func (s *site) text(t *testing.T, query string, args ...any) (text string) {
	t.Helper()
	db, err := sql.Open("mysql", s.DSN)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&text))
	return text
}
