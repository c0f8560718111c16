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

// docPage is docs/high-availability.md, whose commands run here.
type docPage struct{ *parts.Page }

func readDoc(t *testing.T) docPage {
	t.Helper()
	page, err := parts.ReadPage(filepath.Join("..", "..", "docs", "high-availability.md"), "sh")
	require.NoError(t, err)
	return docPage{page}
}

// do runs a block with additional variables as NAME=value.
func (p docPage) do(t *testing.T, block string, more ...string) {
	t.Helper()
	script := p.Block(t, block)
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
