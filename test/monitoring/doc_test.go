//go:build ops

package monitoring_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const alertPrefix = "alert-" // of the names of blocks that run here

// operations are the blocks of the page for operators.
var operations = readBlocks(filepath.Join("..", "..", "docs", "operations.md"))

// monitoring are the blocks of the page about the board.
var monitoring = readPage(filepath.Join("..", "..", "docs", "monitoring.md"))

func readPage(path string) *parts.Page {
	page, err := parts.ReadPage(path, "sh", "yaml")
	if err != nil {
		panic(err)
	}
	return page
}

func readBlocks(path string) []parts.Block {
	blocks, err := parts.ReadBlocks(path)
	if err != nil {
		panic(err)
	}
	return blocks
}

// block returns a block of the page for operators. The zero Block means that there is none.
func block(name string) parts.Block {
	i := slices.IndexFunc(operations, func(b parts.Block) bool { return b.Name == name })
	if i < 0 {
		return parts.Block{}
	}
	return operations[i]
}

// shell runs a script in the operator's shell and returns its output. more are additional variables.
func (s *site) shell(ctx context.Context, script string, more ...string) (string, error) {
	return parts.Shell(ctx, s.home, append(s.operator(), more...), block("shell").Text+block(alertPrefix+"shell").Text+script)
}

// TestCommands runs the commands in the paragraph of each alert.
func TestCommands(t *testing.T) {
	names := []string{alertPrefix + "all", alertPrefix + "shell"}
	for _, a := range alerts(t) {
		if name := blockName(a.Alert); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var documented []string
	for _, b := range operations {
		if strings.HasPrefix(b.Name, alertPrefix) {
			documented = append(documented, b.Name)
		}
	}
	require.ElementsMatch(t, names, documented, "each alert has a block, and each block is for an alert")
	for _, name := range documented {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := shared.shell(t.Context(), block(name).Text)
			require.NoError(t, err)
			if name == alertPrefix+"all" {
				require.Contains(t, output, "StepsParked")
			}
		})
	}
}

// TestAlertmanagerBlock adds the documented lines to the configuration.
func TestAlertmanagerBlock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"prometheus.yml", "rules.yml"} {
		text, err := os.ReadFile(rulesFile(name))
		require.NoError(t, err)
		if name == "prometheus.yml" {
			text = append(text, monitoring.Block(t, "alertmanager")...)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	output, err := exec.CommandContext(t.Context(), "promtool", "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// TestLinksBlock replaces the links in a copy of the files.
func TestLinksBlock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(filepath.Join("..", "..", "deploy"))))
	_, err := parts.Shell(t.Context(), dir, os.Environ(), monitoring.Block(t, "links"))
	require.NoError(t, err)
	const link = "https://git.example.com/registrar/blob/main/docs/operations.md#codeslate"
	for _, name := range []string{"prometheus/rules.yml", "grafana/dashboards/registrar.json"} {
		text, err := os.ReadFile(filepath.Join(dir, "deploy", name))
		require.NoError(t, err)
		require.Contains(t, string(text), link)
	}
}

// blockName returns the name of an alert's block: alert-codes-late for CodesLate.
func blockName(alert string) string {
	var name strings.Builder
	for _, r := range alert {
		if 'A' <= r && r <= 'Z' {
			name.WriteByte('-')
		}
		name.WriteRune(r)
	}
	return strings.TrimSuffix(alertPrefix, "-") + strings.ToLower(name.String())
}
