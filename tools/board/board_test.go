package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"
)

func TestFileIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := render()
	require.NoError(t, err)
	have, err := os.ReadFile("../" + output)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run: task generate")
}

// TestGrafanaReadsIt reads the file with the types that Grafana publishes, and with no other field.
func TestGrafanaReadsIt(t *testing.T) {
	t.Parallel()
	text, err := render()
	require.NoError(t, err)
	var board dashboard.Dashboard
	require.NoError(t, json.Unmarshal(text, &board))
	require.NoError(t, board.Validate())
}

// TestEveryPanelIsExplained checks that a reader who does not know the system can use each panel.
func TestEveryPanelIsExplained(t *testing.T) {
	t.Parallel()
	titles := make(map[string]bool)
	for _, r := range rows() {
		for _, p := range r.panels {
			require.NotEmpty(t, p.about, p.title)
			require.NotEmpty(t, p.unit, p.title)
			require.NotEmpty(t, p.queries, p.title)
			require.False(t, titles[p.title], "two panels have the title %s", p.title)
			titles[p.title] = true
			if p.limit.set() {
				require.NotEmpty(t, p.alert, "%s has limits, but does not say what to do", p.title)
				require.Equal(t, p.limit.below, p.limit.red < p.limit.orange, p.title)
			}
		}
	}
}
