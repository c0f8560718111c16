//go:build ops

package monitoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// used returns the expressions of all panels and alerts.
func used(t *testing.T) (exprs []string) {
	t.Helper()
	for _, p := range board(t) {
		for _, target := range p.Targets {
			exprs = append(exprs, selected(target.Expr))
		}
	}
	for _, a := range alerts(t) {
		exprs = append(exprs, a.Expr)
	}
	return exprs
}

// metric matches the selector of one of our metrics, in PromQL without its range.
var metric = regexp.MustCompile(`\b(?:registrar|temporal|go|process)_\w+(?:\{[^}]*\})?`)

// selectors returns the selectors of our metrics in all expressions, once each.
func selectors(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, expr := range used(t) {
		all = append(all, metric.FindAllString(expr, -1)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// usual matches the metrics of every Go program, which the reference does not list.
var usual = regexp.MustCompile(`^(?:process_|go_(?:gc|goroutines|memstats|sched))`)

// TestNamesAreDocumented checks that the reference describes each metric of ours.
func TestNamesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	require.NoError(t, err)
	for _, selector := range selectors(t) {
		name, _, _ := strings.Cut(selector, "{")
		if usual.MatchString(name) {
			continue
		}
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		require.Regexp(t, regexp.MustCompile(`\b`+name+`\b`), string(page))
	}
}

// unseen are the selectors without a series in this run, with the reason.
var unseen = map[string]string{
	`registrar_certificate_expiry_timestamp_seconds`:                                           "no process has a certificate here",
	`registrar_http_request_duration_seconds_count{operation="createRegistration",code="202"}`: "the database confirms in time",
	`registrar_http_request_duration_seconds_count{code=~"5.."}`:                               "nothing fails",
	`temporal_request_failure_total{status_code=~"UNAVAILABLE|DEADLINE_EXCEEDED"}`:             "Temporal is well",
	`temporal_workflow_task_execution_failed_total`:                                            "no workflow task fails",
}

// TestSelectorsFindSeries checks that no name, label or value of a label is misspelled.
func TestSelectorsFindSeries(t *testing.T) {
	t.Parallel()
	for _, selector := range selectors(t) {
		result, err := shared.over(t.Context(), selector)
		require.NoError(t, err)
		if unseen[selector] == "" {
			require.NotEmpty(t, result, "%s finds nothing", selector)
		}
	}
}
