package parts

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// root returns the folder of the module registrar. Built programs go to .bin/parts in it.
func root(ctx context.Context) (string, error) {
	c := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "registrar")
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("find the module registrar: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build runs go build in a folder below the root, with additional environment variables. It is fast if the program is up to
// date, and safe for several test processes at the same time.
func build(ctx context.Context, folder, output, pkg string, environ []string, flags ...string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	unlock, err := lock(output + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	args := append([]string{"build", "-o", output}, flags...)
	c := exec.CommandContext(ctx, "go", append(args, pkg)...)
	c.Dir, c.Env = folder, append(os.Environ(), environ...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}
