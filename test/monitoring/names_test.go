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
		require.Regexp(t, `\b`+name+`\b`, string(page))
	}
}
