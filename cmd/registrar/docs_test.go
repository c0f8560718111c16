package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documented matches a command of this program in a page: inline code, or the start of a line of a block.
var documented = regexp.MustCompile("(?m)(?:`|^ *)registrar ([a-z][^`\n#&;|>]*)")

// TestDocumentedCommandsExist checks that the documentation names only commands and flags of this program. Blocks are also run by
// tests of their pages.
func TestDocumentedCommandsExist(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	require.NoError(t, err)
	n := 0
	for _, page := range append(pages, filepath.Join("..", "..", "README.md"), filepath.Join("..", "..", "CONTRIBUTING.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range documented.FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(strings.NewReplacer("[", "", "]", "", `\`, "").Replace(match[1]))
			cmd, rest, err := root().Find(words)
			require.NoError(t, err, "%s: registrar %s", page, match[1])
			require.False(t, cmd.HasSubCommands() && len(rest) > 0 && rest[0] != "…", "%s: registrar %s", page, match[1])
			for _, word := range words {
				if flag, _, _ := strings.Cut(word, "="); strings.HasPrefix(flag, "--") {
					require.NotNil(t, cmd.Flag(flag[2:]), "%s: registrar %s: %s", page, match[1], flag)
				}
			}
			n++
		}
	}
	require.Greater(t, n, 50)
}
