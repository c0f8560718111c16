package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestFrontStartsService starts the service with the front, like `go run ./dev`. It is in this package because the service is
// already compiled here.
func TestFrontStartsService(t *testing.T) {
	t.Parallel()
	front := filepath.Join(t.TempDir(), "dev")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", front, "registrar/dev").CombinedOutput()
	require.NoError(t, err, "%s", output)
	p := freePorts()
	s := startCommand(t, parts.Command{
		Name: "front", Path: front, Args: append(p.flags(), "--data", t.TempDir()), LogDir: parts.Dir(t, "front"),
		Env: append(os.Environ(), testSettings...), StopSignal: syscall.SIGINT,
	}, p)
	id := s.mustRegister(t, newForm()).RegistrationID
	require.NotEmpty(t, id)
	require.NoError(t, s.Stop())
}
