package parts

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"
)

// maxScript is the maximum time of a script.
const maxScript = 5 * time.Minute

// Shell runs a script in bash until the first command that fails, and returns its standard output. The error also has the standard
// error.
func Shell(ctx context.Context, dir string, env []string, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, maxScript)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+script)
	c.Dir, c.Env = dir, env
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s%s", err, &out, &errs)
	}
	return out.String(), nil
}
