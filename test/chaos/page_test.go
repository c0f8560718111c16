//go:build chaos

package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var blockOfPage = regexp.MustCompile("(?s)<!-- test: ([a-z-]+) -->\n```sh\n(.*?)```\n")

// page is the command blocks of docs/high-availability.md by name, as those of docs/operations.md are in test/ops.
type page map[string]string

func readPage(t *testing.T) page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "high-availability.md"))
	require.NoError(t, err)
	p := make(page)
	for _, match := range blockOfPage.FindAllStringSubmatch(string(text), -1) {
		p[match[1]] = match[2]
	}
	return p
}

// do runs a block, once, with more variables, as NAME=value.
func (p page) do(t *testing.T, block string, more ...string) {
	t.Helper()
	script, ok := p[block]
	require.True(t, ok, "no block %s", block)
	delete(p, block)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tools, err := filepath.Abs(filepath.Join("..", "..", ".bin"))
	require.NoError(t, err)
	c := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+script)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), append(more, "PATH="+tools+":"+os.Getenv("PATH"))...)
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s: %s", block, out)
}
