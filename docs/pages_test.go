package docs_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// root is the folder of the repository.
const root = ".."

// runners are the folders of the tests that run the blocks of each page. The tests of a folder report blocks that they did not run
// (parts.Page), or name each block.
var runners = map[string][]string{
	"README.md":                 {"test/docs"},
	"CONTRIBUTING.md":           {"docs"},
	"docs/attributes.md":        {"docs"},
	"docs/campaigns.md":         {"test/docs"},
	"docs/clients.md":           {"test/client"},
	"docs/compose.md":           {"test/compose"},
	"docs/developing.md":        {"test/docs"},
	"docs/events.md":            {"docs", "test/ops"},
	"docs/gate.md":              {"docs"},
	"docs/high-availability.md": {"test/chaos", "docs"},
	"docs/import.md":            {"test/mariadb"},
	"docs/notifications.md":     {"test/ops", "internal/sms"},
	"docs/operations.md":        {"test/ops"},
	"docs/production.md":        {"test/ops", "docs"},
	"docs/signup-page.md":       {"docs"},
	"docs/tracing.md":           {"docs", "dev/server"},
	"docs/users.md":             {"test/ops"},

	"docs/moving-off-the-monolith.md": {"test/moving"}, // apart, so that its length does not move the others
}

// pages returns the paths of all pages of documentation for readers. Decisions are records; their blocks are not run.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, file := range files {
		found = append(found, "docs/"+file)
	}
	return found
}

// tests returns the code of the tests in folders.
func tests(t *testing.T, folders ...string) string {
	t.Helper()
	var code strings.Builder
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			code.WriteString(read(t, file))
		}
	}
	return code.String()
}

// TestEveryBlockIsRun checks that each block of commands, code or data of a page has a name, and that a test runs it. Diagrams are
// exempt.
func TestEveryBlockIsRun(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		blocks, err := parts.ReadBlocks(filepath.Join(root, page))
		require.NoError(t, err)
		if len(blocks) == 0 {
			continue
		}
		code := tests(t, runners[page]...)
		read := strings.Contains(code, filepath.Base(page))
		require.True(t, read, "no test reads %s; add its runner to the table above", page)
		for _, b := range blocks {
			require.True(t, names(code, b.Name), "no test of %v runs the block %s of %s", runners[page], b.Name, page)
		}
	}
}

// names reports whether code has the name of a block, or its start: some tests run blocks such as "look-" + tool.
func names(code, block string) bool {
	start := block[:strings.LastIndex(block, "-")+1]
	return strings.Contains(code, strconv.Quote(block)) || start != "" && strings.Contains(code, strconv.Quote(start))
}

var (
	fenced   = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```$")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	markup   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(page string) (found []string) {
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		text := markup.ReplaceAllString(match[1], "$1")
		found = append(found, strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(text), ""), " ", "-"))
	}
	return found
}

// markdown returns the paths of all pages of the repository.
func markdown(t *testing.T) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			found = append(found, path)
		}
		return nil
	}))
	return found
}

// TestLinks checks that files and headings exist to which pages of the repository link. Images are links too.
func TestLinks(t *testing.T) {
	t.Parallel()
	found := markdown(t)
	require.Greater(t, len(found), 30)
	var broken []string
	for _, path := range found {
		page := read(t, path)
		text := inline.ReplaceAllString(fenced.ReplaceAllString(page, ""), "")
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if !resolves(t, path, match[1]) {
				broken = append(broken, path+": "+match[1])
			}
		}
	}
	require.Empty(t, broken)
}

// resolves reports whether the target of a link in a page exists. It does not open addresses of other hosts.
func resolves(t *testing.T, page, target string) bool {
	t.Helper()
	address, err := url.Parse(target)
	require.NoError(t, err, page)
	if address.Scheme != "" {
		return true
	}
	path := page
	if address.Path != "" {
		path = filepath.Join(filepath.Dir(page), filepath.FromSlash(address.Path))
	}
	if _, err := os.Stat(path); err != nil {
		return false
	}
	return address.Fragment == "" || slices.Contains(anchors(read(t, path)), address.Fragment)
}
