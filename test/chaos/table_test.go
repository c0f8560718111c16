//go:build chaos

package chaos_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
)

// render returns the table for docs/high-availability.md. Latencies are measured from scheduled arrival to
// acknowledgement.
func render(outcomes []outcome) string {
	var b strings.Builder
	b.WriteString("| fault | people | acknowledged | verified | lost | not acknowledged, yet a user | duplicate users | duplicate messages | " +
		"longest time without a 2xx | p50 / p99 before | during | after | longest wait for a code |\n|---|" + strings.Repeat("--:|", 12) + "\n")
	for _, o := range outcomes {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s | %s | %s |\n",
			o.name, o.people.Arrived, o.audit.Acknowledged, o.audit.Verified, o.audit.Lost, o.audit.Unacknowledged,
			o.audit.DuplicateUsers, o.audit.DuplicateMessages, readable(o.people.LongestGap),
			both(o.before), both(o.during), both(o.after), readable(o.people.Code.Max))
	}
	return b.String()
}

func both(l loop.Latency) string {
	if l.Count == 0 {
		return "–"
	}
	return readable(l.P50) + " / " + readable(l.P99)
}

// readable formats milliseconds.
func readable(ms float64) string {
	if ms < 1000 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

func TestRender(t *testing.T) {
	t.Parallel()
	text := render([]outcome{{
		name: "fire", people: loop.Summary{Arrived: 9, LongestGap: 1234, Code: loop.Latency{Max: 999}},
		audit:  cluster.Audit{Acknowledged: 8, Verified: 7, Lost: 1, Unacknowledged: 2, DuplicateUsers: 3, DuplicateMessages: 4},
		before: loop.Latency{Count: 1, P50: 50, P99: 61.5}, during: loop.Latency{Count: 2, P50: 100, P99: 3000},
	}})
	require.True(t, strings.HasSuffix(text, "\n| fire | 9 | 8 | 7 | 1 | 2 | 3 | 4 | 1.2 s | 50 ms / 62 ms | 100 ms / 3.0 s | – | 999 ms |\n"), text)
}
