//go:build chaos

package chaos_test

import (
	"os"
	"path/filepath"
	"testing"

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
	tools, err := filepath.Abs(filepath.Join("..", "..", ".bin"))
	require.NoError(t, err)
	env := append(os.Environ(), append(more, "PATH="+tools+":"+os.Getenv("PATH"))...)
	_, err = parts.Shell(t.Context(), t.TempDir(), env, p.Block(t, block))
	require.NoError(t, err, block)
}
