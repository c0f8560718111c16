package store

import (
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
)

// TestRecordEventOnce lets another call record the same event after the first read of a call.
func TestRecordEventOnce(t *testing.T) {
	t.Parallel()
	last, sequence := event.UserRegistered, int64(1)
	query := func(query string) driver.Rows {
		row := &oneRow{columns: []string{"id", "events"}, values: []driver.Value{"0198c0de-0000-7000-8000-000000000002", sequence}}
		if strings.Contains(query, "`events` WHERE") {
			row = &oneRow{columns: []string{"type", "sequence"}, values: []driver.Value{string(last), sequence}}
		}
		last, sequence = event.RegistrationFailed, 2
		return row
	}
	written := 0
	s := openFake(t, &fake{query: query, exec: func(string) error { written++; return nil }},
		Options{Events: event.Recording{Types: event.Types}})
	through, err := s.RecordEvent(t.Context(), sensitive.ID, event.RegistrationFailed, "internal_error")
	require.NoError(t, err)
	require.Equal(t, 2, through)
	require.Zero(t, written, "the event is recorded already")
}
