package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFrontStartsService starts the service with the front, like `go run ./dev`. It is in this package because the service is
// already compiled here.
func TestFrontStartsService(t *testing.T) {
	t.Parallel()
	front := filepath.Join(t.TempDir(), "dev")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", front, "registrar/dev").CombinedOutput()
	require.NoError(t, err, "%s", output)
	p := freePorts()
	c := exec.CommandContext(t.Context(), front, append(p.flags(), "--data", t.TempDir())...)
	c.Env = append(os.Environ(), testSettings...)
	s := startCommand(t, c, p)
	id := s.mustRegister(t, newForm()).RegistrationID
	require.NotEmpty(t, id)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	select {
	case <-s.ended:
		require.Zero(t, c.ProcessState.ExitCode(), "%s", s.stderr)
	case <-time.After(30 * time.Second):
		require.FailNow(t, "still running")
	}
}
