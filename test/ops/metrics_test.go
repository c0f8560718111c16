//go:build ops

package ops_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// scrape returns the metrics of a process.
func scrape(t *testing.T, r *parts.Replica) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Metrics+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return string(text)
}

// Each process has the metrics of its parts, and few series.
func TestMetricsOfEachProcess(t *testing.T) {
	s := shared
	people := s.register(t, 2)
	s.verify(t, people)
	s.awaitMessages(t, people)
	groups := map[string][]string{
		"api":       {"admission", "http", "limit", "password"},
		"registrar": {"registrations", "code", "codes", "steps", "queue"},
		"notifier":  {"provider", "queue"},
	}
	everywhere := []string{"build"}
	for name, r := range map[string]*parts.Replica{"api": s.api, "registrar": s.registrar, "notifier": s.notifier} {
		text := scrape(t, r)
		var have []string
		for _, found := range regexp.MustCompile(`(?m)^registrar_([a-z]+)`).FindAllStringSubmatch(text, -1) {
			have = append(have, found[1])
		}
		slices.Sort(have)
		require.ElementsMatch(t, slices.Concat(everywhere, groups[name]), slices.Compact(have), name)
		require.Contains(t, text, "\ntemporal_request_total{")
		require.Contains(t, text, "\ngo_sql_open_connections{")
		for _, p := range people {
			require.NotContains(t, text, p.Email)
		}
		series := len(regexp.MustCompile(`(?m)^[a-z]`).FindAllString(text, -1))
		t.Logf("%s: %d series", name, series)
		require.Less(t, series, 900, name)
	}
}
