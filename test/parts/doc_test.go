package parts

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadBlocks(t *testing.T) {
	t.Parallel()
	const (
		first   = "<!-- test: first -->\n```sh\necho 1\n```\n"
		second  = "text\n\n   <!-- test: second -->\n   ```json\n   {}\n   ```\n"
		diagram = "```mermaid\nflowchart LR\n```\n"
	)
	path := filepath.Join(t.TempDir(), "page.md")
	read := func(text string) ([]Block, error) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return ReadBlocks(path)
	}
	blocks, err := read(first + diagram + second)
	require.NoError(t, err)
	require.Equal(t, []Block{{"first", "sh", "echo 1\n"}, {"second", "json", "   {}\n"}}, blocks)

	page, err := ReadPage(path, "sh")
	require.NoError(t, err)
	require.ErrorContains(t, page.CheckUsed(), "first")
	require.Equal(t, "echo 1\n", page.Block(t, "first"))
	require.NoError(t, page.CheckUsed())

	page, err = ReadPage(path, "sh")
	require.NoError(t, err)
	require.Error(t, page.Leave("second").CheckUsed())
	require.NoError(t, page.Leave("fi").CheckUsed())

	for text, want := range map[string]string{
		first + first:                               "two blocks have the name first",
		first + "```sh\necho 2\n```\n":              "no name for its test (<!-- test: NAME --> in the line above): echo 2",
		"<!-- test: output -->\n```\noutput\n```\n": "the block output has no language",
	} {
		_, err = read(text)
		require.ErrorContains(t, err, want)
	}
	_, err = ReadBlocks(path + "x")
	require.Error(t, err)
}
