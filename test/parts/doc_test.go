package parts

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPage(t *testing.T) {
	t.Parallel()
	const named, other = "<!-- test: first -->\n```sh\necho 1\n```\n", "text\n<!-- test: second -->\n```sh\necho 2\necho 3\n```\n"
	path := filepath.Join(t.TempDir(), "page.md")
	read := func(text string) (map[string]string, error) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return ReadDoc(path)
	}
	blocks, err := read(named + other)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"first": "echo 1\n", "second": "echo 2\necho 3\n"}, blocks)

	_, err = read(named + named)
	require.ErrorContains(t, err, "two blocks with the name first")
	_, err = read(named + "```sh\necho\n```\n")
	require.ErrorContains(t, err, "2 command blocks, of which 1 have a name")
	_, err = ReadDoc(path + "x")
	require.Error(t, err)
}
