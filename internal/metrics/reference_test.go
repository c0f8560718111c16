package metrics_test

import (
	"database/sql"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"registrar/internal/metrics"
)

// everyGroup returns metrics with every group.
func everyGroup(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New("")
	m.HTTP()
	m.Hashing()
	m.Gate()
	m.Providers()
	m.Ledger()
	m.Events()
	m.Backlogs()
	m.Certificates(nil)
	m.Keysets(map[string]time.Time{"prf": time.Now()})
	m.Database(new(sql.DB))
	return m
}

var description = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "(.*?)"(?:, unit: "[^"]*")?, constLabels: \{(.*)\}, variableLabels: \{(.*?)\}(?:, unit: ".*")?\}$`)

// The page has exactly the metrics of this program, with their labels and descriptions. Those of the Go runtime and of the process are
// client_golang's.
func TestReference(t *testing.T) {
	t.Parallel()
	described := make(chan *prometheus.Desc, 1000)
	everyGroup(t).Describe(described)
	close(described)
	var want []string
	for d := range described {
		found := description.FindStringSubmatch(d.String())
		require.NotNil(t, found, d.String())
		name, help := found[1], strings.ReplaceAll(found[2], `\"`, `"`)
		if strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "go_sql_") || strings.HasPrefix(name, "process_") {
			continue
		}
		var labels []string
		for label := range strings.SplitSeq(found[3]+","+found[4], ",") {
			if label, _, _ = strings.Cut(label, "="); label != "" {
				labels = append(labels, "`"+label+"`")
			}
		}
		slices.Sort(labels)
		want = append(want, strings.Join([]string{"`" + name + "`", strings.Join(labels, ", "), help}, " | "))
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	var have []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z_]+`) \\| (counter|gauge|histogram) \\| (.*?) ?\\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		require.Equal(t, strings.HasSuffix(row[1], "_total`"), row[2] == "counter", row[1])
		have = append(have, strings.Join([]string{row[1], row[3], row[4]}, " | "))
	}
	require.ElementsMatch(t, want, have)
}
