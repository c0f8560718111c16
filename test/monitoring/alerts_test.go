//go:build ops

package monitoring_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRules runs the unit tests of the rules.
func TestRules(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", rulesFile("rules_test.yml")).CombinedOutput()
	require.NoError(t, err, "%s", output)
	output, err = exec.CommandContext(t.Context(), "promtool", "check", "config", rulesFile("prometheus.yml")).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// TestExpressions evaluates each rule after the run.
func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, a := range alerts(t) {
		_, err := shared.ask(t.Context(), a.Expr)
		require.NoError(t, err, a.Alert)
	}
}

// TestWhatFires checks which alerts the run has caused. Prometheus reaches no Temporal server, because dev's has no metrics.
func TestWhatFires(t *testing.T) {
	t.Parallel()
	expected := map[string]bool{
		"StepsParked": true, "ProcessMissing": true, "ProviderFailing": true, "ProviderCircuitOpen": true, "ChannelDown": true,
		"GateAway": true, "EventsUndelivered": true,
	}
	result, err := shared.ask(t.Context(), `ALERTS`)
	require.NoError(t, err)
	seen := make(map[string]bool)
	for _, a := range result {
		name := string(a.Metric["alertname"])
		require.True(t, expected[name], "%s is not a consequence of the run", a.Metric)
		seen[name] = true
	}
	require.True(t, seen["StepsParked"])
}
