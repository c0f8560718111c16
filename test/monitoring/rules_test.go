package monitoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// rulesFile returns the path of a file in deploy/prometheus.
func rulesFile(name string) string { return filepath.Join("..", "..", "deploy", "prometheus", name) }

// alert is a rule of rules.yml.
type alert struct {
	Alert       string
	Expr        string
	Labels      struct{ Severity string }
	Annotations struct {
		Summary    string
		RunbookURL string `yaml:"runbook_url"`
	}
}

func alerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	readYAML(t, rulesFile("rules.yml"), &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	require.Greater(t, len(all), 20)
	return all
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

// TestEachAlertIsTested checks that there is a unit test in which each rule fires, and one in which no rule of its name does.
func TestEachAlertIsTested(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			Cases []struct {
				Alertname string
				Alerts    []struct {
					Labels struct{ Severity string } `yaml:"exp_labels"`
				} `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, rulesFile("rules_test.yml"), &file)
	fires, silent := make(map[string]bool), make(map[string]bool)
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			silent[c.Alertname] = silent[c.Alertname] || len(c.Alerts) == 0
			for _, a := range c.Alerts {
				fires[c.Alertname+" "+a.Labels.Severity] = true
			}
		}
	}
	for _, a := range alerts(t) {
		require.True(t, fires[a.Alert+" "+a.Labels.Severity], "no test in which %s fires as %s", a.Alert, a.Labels.Severity)
		require.True(t, silent[a.Alert], "no test in which %s does not fire", a.Alert)
	}
}

var severity = regexp.MustCompile(`^(critical|warning)$`)

// TestRunbooks checks that each alert says what is wrong, and names its own paragraph.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	for _, a := range alerts(t) {
		require.Regexp(t, severity, a.Labels.Severity, a.Alert)
		require.NotEmpty(t, a.Annotations.Summary, a.Alert)
		require.Equal(t, "docs/operations.md#"+strings.ToLower(a.Alert), a.Annotations.RunbookURL)
		require.Contains(t, string(page), "\n### "+a.Alert+"\n")
	}
}
