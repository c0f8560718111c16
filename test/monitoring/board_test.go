package monitoring_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// limit is the value from which a panel has a color. The first one has no value.
type limit struct {
	Color string
	Value *float64
}

// panel is a panel or a row of the Grafana board.
type panel struct {
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []limit }
		}
	}
	Options struct{ TextMode string }
	Links   []struct{ URL string }
	Targets []struct{ Expr, LegendFormat string }
}

func board(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana", "dashboards", "registrar.json"))
	require.NoError(t, err)
	var file struct{ Panels []panel }
	require.NoError(t, json.Unmarshal(text, &file))
	require.Greater(t, len(file.Panels), 40)
	return file.Panels
}

// rangeOfRates replaces $__rate_interval. Grafana replaces it by at least four intervals between scrapes, which are of 1 s here.
const rangeOfRates = "15s"

// selected is an expression after Grafana has replaced the variables, with everything selected.
func selected(expr string) string {
	return strings.NewReplacer("$__rate_interval", rangeOfRates, "$job", ".*", "$queue", ".*").Replace(expr)
}

// TestLinks checks that the links of the board lead to paragraphs of the page for operators.
func TestLinks(t *testing.T) {
	t.Parallel()
	anchors := map[string]bool{"alerts": true}
	for _, a := range alerts(t) {
		anchors[strings.ToLower(a.Alert)] = true
	}
	for _, p := range board(t) {
		for _, l := range p.Links {
			anchor, ok := strings.CutPrefix(l.URL, "docs/operations.md#")
			require.True(t, ok && anchors[anchor], "%s links to %s", p.Title, l.URL)
		}
	}
}
