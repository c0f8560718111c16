package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// examples are parts of the names of files and tests that the recipes of CONTRIBUTING.md tell the reader to add.
var examples = []string{"acme", "templates/es/", "es.json"}

var (
	inline    = regexp.MustCompile("`([^`\n]+)`")
	taskEntry = regexp.MustCompile(`(?m)^  ([a-z:-]+):$`)
	taskName  = regexp.MustCompile(`^task ([a-z:-]+)`)
	testName  = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*`)
	filePath  = regexp.MustCompile(`^(?:activities|api|cmd|deploy|dev|docs|internal|test|tools|worker|workflows|\.ci)/[\w./-]*$`)
)

// TestNames checks that the tasks, tests and files exist that pages name as code.
func TestNames(t *testing.T) {
	t.Parallel()
	tasks := taskNames(t)
	all := sources(t)
	var missing []string
	for _, page := range pages(t) {
		for _, match := range inline.FindAllStringSubmatch(read(t, filepath.Join(root, page)), -1) {
			if name := strings.TrimSpace(match[1]); !exists(name, tasks, all) {
				missing = append(missing, page+": "+name)
			}
		}
	}
	require.Empty(t, missing)
}

// taskNames returns the names of the tasks in Taskfile.yml.
func taskNames(t *testing.T) (names []string) {
	t.Helper()
	for _, match := range taskEntry.FindAllStringSubmatch(read(t, filepath.Join(root, "Taskfile.yml")), -1) {
		names = append(names, match[1])
	}
	require.Greater(t, len(names), 20)
	return names
}

// exists reports whether a task, test or file with the name exists. Other names are not checked.
func exists(name string, tasks []string, code string) bool {
	for _, example := range examples {
		if strings.Contains(name, example) {
			return true
		}
	}
	switch {
	case taskName.MatchString(name):
		return slices.Contains(tasks, taskName.FindStringSubmatch(name)[1])
	case testName.MatchString(name):
		return strings.Contains(code, "\nfunc "+testName.FindString(name)+"(")
	case filePath.MatchString(name):
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}
	return true
}
