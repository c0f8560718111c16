//go:build docker

package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
)

const docPath = root + "/docs/compose.md"

// document runs a block of docs/compose.md in the root of the repository, as a reader does. It has the test's project, ports and
// secrets, and the test's Docker Compose.
func (s *stack) document(block string) {
	s.t.Helper()
	page, err := os.ReadFile(docPath)
	require.NoError(s.t, err)
	found := regexp.MustCompile("(?s)<!-- test: " + block + " -->\n```sh\n(.*?)```\n").FindSubmatch(page)
	require.NotNil(s.t, found, "%s has no block %s", docPath, block)
	program, err := filepath.Abs(filepath.Join(root, ".bin/standin/docker-compose"))
	require.NoError(s.t, err)
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	const script = "set -euo pipefail\ndocker() { [ $1 = compose ]; shift; \"$COMPOSE\" \"$@\"; }\n"
	c := exec.CommandContext(ctx, "bash", "-c", script+string(found[1]))
	c.Dir, c.Env = root, append(slices.Clone(s.environ), "COMPOSE="+program)
	out, err := c.CombinedOutput()
	require.NoError(s.t, err, "%s: %s", block, out)
}
