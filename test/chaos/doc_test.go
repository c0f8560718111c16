//go:build chaos

package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// docPage has the command blocks of docs/high-availability.md that were not run yet.
type docPage map[string]string

func readDoc(t *testing.T) docPage {
	t.Helper()
	blocks, err := parts.ReadDoc(filepath.Join("..", "..", "docs", "high-availability.md"))
	require.NoError(t, err)
	return blocks
}

// do runs a block with additional variables as NAME=value. Each block runs once.
func (p docPage) do(t *testing.T, block string, more ...string) {
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
