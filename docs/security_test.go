// Package docs_test checks claims of the documentation that no other test covers.
package docs_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// rows returns the cells of the rows of all tables with the given last column, without their headers.
func rows(page, lastColumn string) (found [][]string) {
	inside := false
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case strings.TrimSpace(cells[len(cells)-1]) == lastColumn:
			inside = true
		case inside && !strings.HasPrefix(line, "|---"):
			found = append(found, cells)
		}
	}
	return found
}

// testNames matches a test with an optional subtest.
var testNames = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)\\w+)(?:/([^`]+))?`")

// sources returns the code of all packages of the repository.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && len(entry.Name()) > 2 && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(path) == ".go":
			all.WriteString(read(t, path))
		}
		return nil
	}))
	return all.String()
}

// TestThreatsAreTested checks that each threat has a test, and that each named test exists.
func TestThreatsAreTested(t *testing.T) {
	t.Parallel()
	page, code := read(t, "security.md"), sources(t)
	threats := rows(page, "test")
	require.Greater(t, len(threats), 50)
	for _, threat := range threats {
		require.Regexp(t, testNames, threat[len(threat)-1], threat[0])
	}
	for attack := 1; attack <= 9; attack++ {
		require.Contains(t, page, "**Attack "+strconv.Itoa(attack)+"**")
	}
	var missing []string
	for _, name := range testNames.FindAllStringSubmatch(page, -1) {
		test, subtest := name[1], name[2]
		if !strings.Contains(code, "\nfunc "+test+"(") || subtest != "" && !strings.Contains(code, strconv.Quote(subtest)) {
			missing = append(missing, name[0])
		}
	}
	require.Empty(t, missing, "tests that do not exist")
}

// TestASVS checks the numbers of the requirements, their counts by chapter, and that each unmet one has a reason.
func TestASVS(t *testing.T) {
	t.Parallel()
	page := read(t, "asvs.md")
	met := map[string]string{}
	for _, row := range rows(page, "how, or why not") {
		for number := range strings.SplitSeq(strings.TrimSpace(row[0]), ", ") {
			require.NotContains(t, met, number)
			met[number] = row[2]
		}
	}
	require.Len(t, met, 253, "the requirements of levels 1 and 2")
	count := func(chapter, mark string) (n int) {
		for number, m := range met {
			if m == mark && strings.HasPrefix("V"+number, chapter) {
				n++
			}
		}
		return n
	}
	chapters := rows(page, "does not apply")
	require.Len(t, chapters, 18, "17 chapters and the sum")
	for _, row := range chapters {
		chapter, _, _ := strings.Cut(strings.TrimSpace(row[0]), " ")
		prefix := chapter + "."
		if chapter == "all" {
			prefix = "V"
		}
		for i, mark := range []string{"yes", "no", "–"} {
			require.Equal(t, strconv.Itoa(count(prefix, mark)), strings.TrimSpace(row[1+i]), "%s: %s", row[0], mark)
		}
	}
	var reasons []string
	for _, row := range rows(page, "requirements") {
		reasons = append(reasons, strings.Split(strings.TrimSpace(row[1]), ", ")...)
	}
	maps.DeleteFunc(met, func(_, mark string) bool { return mark != "no" })
	require.ElementsMatch(t, slices.Collect(maps.Keys(met)), reasons)
}
