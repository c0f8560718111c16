//go:build client

// Package client_test uses clients that others build from the contract and from docs/clients.md, with the real service.
package client_test

import (
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// npm runs npm in the folder typescript.
func npm(args ...string) (output []byte, err error) {
	c := exec.Command("npm", args...)
	c.Dir, c.Env = "typescript", append(os.Environ(), "NO_UPDATE_NOTIFIER=1")
	return c.CombinedOutput()
}

var installOnce = sync.OnceValues(func() ([]byte, error) { return npm("ci", "--no-audit", "--no-fund") })

// install installs the packages of the lock file.
func install(t *testing.T) {
	t.Helper()
	output, err := installOnce()
	require.NoError(t, err, "%s", output)
}

// TestTypeScript generates a TypeScript client, compiles typescript/journey.ts with it, and runs that.
func TestTypeScript(t *testing.T) {
	base := parts.StartDev(t).URL
	install(t)
	for _, args := range [][]string{{"generate"}, {"build"}, {"journey", "--", base}} {
		output, err := npm(append([]string{"run", "--silent"}, args...)...)
		require.NoError(t, err, "npm run %v\n%s", args, output)
	}
}
