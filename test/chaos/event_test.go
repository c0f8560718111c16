//go:build chaos

package chaos_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const eventsSecret = "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cyE="

// receiver counts the events of all users. While it is down, it closes every connection.
type receiver struct {
	*parts.Receiver
	down atomic.Bool
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Receiver = parts.StartReceiver(t, eventsSecret, func(_ int, _ func(), w http.ResponseWriter, _ *http.Request) bool {
		return r.down.Load() && parts.HangUp(w, "")
	})
	return r
}

// settings are those of a service that sends its events to the receiver.
func (r *receiver) settings() []string {
	return []string{"EVENTS_URL", r.URL, "EVENTS_SECRET", eventsSecret, "EVENTS_ALLOW_PRIVATE", "true"}
}

// requireEvents waits until all events are delivered. None may be lost, and those of a user must have come in order.
func (s *site) requireEvents(t *testing.T) {
	db, err := sql.Open("mysql", s.Database.DSN("registrar"))
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	const missing = "SELECT COUNT(*) FROM events WHERE id NOT IN (SELECT event_id FROM event_deliveries)"
	require.NoError(t, parts.Await(t.Context(), s.plan.timeout, nil, func(ctx context.Context) error {
		var n int
		if err := db.QueryRowContext(ctx, missing).Scan(&n); err != nil || n == 0 {
			return err
		}
		return fmt.Errorf("%d events are not delivered", n)
	}))
	rows, err := db.QueryContext(t.Context(), "SELECT id FROM events")
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	c, err := s.receiver.Count(ids)
	require.NoError(t, err)
	t.Logf("events: %+v", c)
}
