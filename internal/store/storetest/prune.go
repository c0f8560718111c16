package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
)

// oldReports inserts n tokens and n reports. The newest is as old as age; each other is a microsecond older.
func oldReports(t *testing.T, s *store.Store, name string, n int, age time.Duration) {
	t.Helper()
	const chunk = 500
	newest := time.Now().UTC().Add(-age)
	for from := 0; from < n; from += chunk {
		var tokens, reports []any
		for i := from; i < min(from+chunk, n); i++ {
			id, at := fmt.Sprintf("%s-%d", name, i), newest.Add(-time.Duration(i)*time.Microsecond).Truncate(time.Microsecond)
			tokens = append(tokens, "mailgun", id, "digest", at)
			reports = append(reports, "mailgun", id, "delivered", "", at, at)
		}
		insert(t, s, "report_tokens (provider, token, digest, received_at)", 4, tokens)
		insert(t, s, "delivery_reports (provider, message_id, status, code, at, received_at)", 6, reports)
	}
}

func insert(t *testing.T, s *store.Store, into string, columns int, values []any) {
	t.Helper()
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	rows := strings.TrimSuffix(strings.Repeat(row+", ", len(values)/columns), ", ")
	_, err := s.Pool().ExecContext(within(t), "INSERT INTO "+into+" VALUES "+rows, values...)
	require.NoError(t, err)
}

// testPrune starts with more expired rows than one call deletes. Each call deletes up to a few thousand, depending on the
// speed of the server, until none is left.
func testPrune(t *testing.T, s *store.Store) {
	const old, least, most, young = 7_300, 1_000, 5_000, 20
	oldReports(t, s, "old", old, 8*24*time.Hour)
	oldReports(t, s, "day", 10, 24*time.Hour) // expired as tokens, not as reports
	oldReports(t, s, "new", 10, time.Hour)
	for calls, before := 1, old; before > 0; calls++ {
		report(t, s, message.Report{Provider: "mailgun", MessageID: "m", At: noon, Token: strconv.Itoa(calls)})
		left := count(t, s, "delivery_reports") - young
		require.Less(t, left, before)
		require.GreaterOrEqual(t, left, before-most)
		require.LessOrEqual(t, left, max(0, before-least))
		before = left
		if left == 0 {
			require.Equal(t, young-10+calls, count(t, s, "report_tokens"))
		}
	}
}
