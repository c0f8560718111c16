package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
	"registrar/workflows"
)

// block returns the text of a block of a page.
func block(t *testing.T, page, name string) string {
	t.Helper()
	blocks, err := parts.ReadBlocks(filepath.Join(root, page))
	require.NoError(t, err)
	i := slices.IndexFunc(blocks, func(b parts.Block) bool { return b.Name == name })
	require.GreaterOrEqual(t, i, 0, "%s has no block %s", page, name)
	return blocks[i].Text
}

// packages returns the words after --no-install-recommends in a command that installs Debian packages.
func packages(t *testing.T, script string) []string {
	t.Helper()
	_, list, found := strings.Cut(strings.ReplaceAll(script, "\\\n", " "), " --no-install-recommends ")
	require.True(t, found)
	list, _, _ = strings.Cut(list, "\n")
	list, _, _ = strings.Cut(list, ">")
	return strings.Fields(list)
}

// TestSetUpIsThatOfCI checks that a contributor builds and installs what CI does.
func TestSetUpIsThatOfCI(t *testing.T) {
	t.Parallel()
	setUp, ci := block(t, "CONTRIBUTING.md", "set-up"), read(t, filepath.Join(root, ".ci", "run"))
	for line := range strings.Lines(setUp) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "GOWORK") || strings.HasPrefix(line, "export") {
			require.Contains(t, ci, "\n"+line)
		}
	}
	require.ElementsMatch(t, packages(t, ci), packages(t, setUp))
}

// TestHealthCheckIsThatOfCompose checks that the documented health check is the one of the compose file, which a test runs.
func TestHealthCheckIsThatOfCompose(t *testing.T) {
	t.Parallel()
	const test = "test: [CMD, /registrar, healthcheck, worker]"
	require.YAMLEq(t, "healthcheck: {"+test+"}", block(t, "docs/production.md", "healthcheck"))
	require.Contains(t, read(t, filepath.Join(root, "docker-compose.yml")), test)
}

// TestScalerNamesATaskQueue checks the documented object for Kubernetes, which needs a cluster to run.
func TestScalerNamesATaskQueue(t *testing.T) {
	t.Parallel()
	scaler := block(t, "docs/high-availability.md", "keda")
	require.YAMLEq(t, "---\n"+scaler, scaler, "it is YAML")
	require.Equal(t, workflows.QueueNotificationsHigh, regexp.MustCompile(`taskQueue: (\S+)`).FindStringSubmatch(scaler)[1])
}
