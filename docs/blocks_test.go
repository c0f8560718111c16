package docs_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"registrar/api/page"
	"registrar/internal/attribute"
	"registrar/test/parts"
	"registrar/workflows"
)

// block returns the text of a block of a page.
func block(t *testing.T, path, name string) string {
	t.Helper()
	blocks, err := parts.ReadBlocks(filepath.Join(root, path))
	require.NoError(t, err)
	i := slices.IndexFunc(blocks, func(b parts.Block) bool { return b.Name == name })
	require.GreaterOrEqual(t, i, 0, "%s has no block %s", path, name)
	return blocks[i].Text
}

// installed matches the words after --no-install-recommends in a command that installs Debian packages.
var installed = regexp.MustCompile(`--no-install-recommends ((?:\\\n|[^\n>\\])*)`)

// packages returns the Debian packages that a script installs.
func packages(script string) (names []string) {
	for _, match := range installed.FindAllStringSubmatch(script, -1) {
		names = append(names, strings.Fields(strings.ReplaceAll(match[1], "\\\n", " "))...)
	}
	return names
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
	require.ElementsMatch(t, packages(ci), packages(setUp))
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

// TestAttributes checks the documented attributes with the documented schema.
func TestAttributes(t *testing.T) {
	t.Parallel()
	schema, err := attribute.Parse([]byte(block(t, "docs/attributes.md", "schema")))
	require.NoError(t, err)
	var body struct{ Attributes json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(block(t, "docs/attributes.md", "registration")), &body))
	_, mistakes := schema.Check(body.Attributes)
	require.Empty(t, mistakes)
}

// TestSignupPage checks the documented theme, embedding and mistake. The browser tests embed the form with the same two lines.
func TestSignupPage(t *testing.T) {
	t.Parallel()
	const path = "docs/signup-page.md"
	css := read(t, filepath.Join(root, "api", "page", "page.css"))
	for _, variable := range regexp.MustCompile(`--registrar-[a-z-]+`).FindAllString(block(t, path, "theme"), -1) {
		require.Contains(t, css, "var("+variable+",", "the page's styles use it")
	}
	require.Regexp(t, `^<script type="module" src="https://\S+/signup/embed.js"></script>\n<registrar-signup></registrar-signup>\n$`, block(t, path, "embed"))

	_, mistake, found := strings.Cut(strings.TrimSpace(block(t, path, "mistake")), ": ")
	require.True(t, found)
	_, err := page.New(page.Options{Catalogues: fstest.MapFS{"fr.json": {Data: []byte(`{"form.title": "Compte"}`)}}})
	require.ErrorContains(t, err, mistake)
}
