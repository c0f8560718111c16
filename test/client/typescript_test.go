//go:build client

// Package client_test uses clients that others generate from the contract, with the real service.
package client_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestTypeScript generates a TypeScript client, compiles typescript/journey.ts with it, and runs that.
func TestTypeScript(t *testing.T) {
	base := parts.StartDev(t)
	for _, args := range [][]string{
		{"ci", "--no-audit", "--no-fund"},
		{"run", "--silent", "generate"},
		{"run", "--silent", "build"},
		{"run", "--silent", "journey", "--", base},
	} {
		c := exec.CommandContext(t.Context(), "npm", args...)
		c.Dir, c.Env = "typescript", append(os.Environ(), "NO_UPDATE_NOTIFIER=1")
		output, err := c.CombinedOutput()
		require.NoError(t, err, "npm %v\n%s", args, output)
		t.Logf("npm %v\n%s", args, output)
	}
}
