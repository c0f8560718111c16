package launch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// listFormat prints a package on one line: its import path, whether it is stale, its folder, its files.
const listFormat = `{{.ImportPath}}{{"\t"}}{{.Stale}}{{"\t"}}{{.Dir}}` +
	`{{range .GoFiles}}{{"\t"}}{{.}}{{end}}{{range .CgoFiles}}{{"\t"}}{{.}}{{end}}`

// list returns all packages of the target. It returns nil on failure, because the list is needed only to show progress.
func (b *builder) list(ctx context.Context) []pkg {
	output, err := b.command(ctx, "list", "-deps", "-f", listFormat).Output()
	if err != nil {
		return nil
	}
	return parseList(string(output))
}

// parseList parses lines in listFormat.
func parseList(output string) (packages []pkg) {
	for line := range strings.Lines(output) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) < 3 {
			continue
		}
		p := pkg{path: fields[0], stale: fields[1] == "true"}
		for _, file := range fields[3:] {
			if info, err := os.Stat(filepath.Join(fields[2], file)); err == nil {
				p.size += info.Size()
			}
		}
		packages = append(packages, p)
	}
	return packages
}
