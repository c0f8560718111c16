package parts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// repository is the folder of the module registrar.
var repository = sync.OnceValues(func() (string, error) { return root(context.Background()) })

// deployed returns the path of a file in deploy/. The servers of this package are configured by these files; what they set
// in addition are addresses, folders and accounts.
func deployed(path ...string) (string, error) {
	folder, err := repository()
	return filepath.Join(append([]string{folder, "deploy"}, path...)...), err
}

// assignments returns the lines "name = value" of a configuration file. It ignores comments and section headers.
func assignments(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a configuration: %w", err)
	}
	all := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.ContainsRune("#[", rune(line[0])) {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		all[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return all, nil
}
