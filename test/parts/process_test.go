//go:build ops

package parts_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

func shell(t *testing.T, script string) *parts.Process {
	t.Helper()
	return parts.Start(t, parts.Command{Name: "sh", Path: "sh", Args: []string{"-c", script}, Dir: parts.Dir(t, "sh")})
}

func awaitLog(t *testing.T, p *parts.Process, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(p.Log(), text) }, 10*time.Second, time.Millisecond)
}

func TestProcessEndsByItself(t *testing.T) {
	t.Parallel()
	p := shell(t, "echo out; echo err >&2; exit 7")
	require.Equal(t, 7, p.ExitCode())
	require.False(t, p.Running())
	require.Equal(t, "out\nerr\n", p.Log())
	require.Contains(t, p.Tail(), "out\nerr")
	require.Error(t, p.Signal(syscall.SIGTERM))
	require.NoError(t, p.Stop(time.Second))
	p.Kill()
}

func TestProcessIsStoppedWithItsChildren(t *testing.T) {
	t.Parallel()
	p := shell(t, "sleep 1000 & echo started; wait")
	awaitLog(t, p, "started")
	require.NoError(t, p.Stop(10*time.Second))
	require.Equal(t, -1, p.ExitCode())
	require.Eventually(t, func() bool { return syscall.Kill(-p.PID(), 0) != nil }, 10*time.Second, time.Millisecond)
}

func TestFrozenProcessIsKilled(t *testing.T) {
	t.Parallel()
	p := shell(t, "trap '' TERM; echo started; sleep 1000")
	awaitLog(t, p, "started")
	require.NoError(t, p.Freeze())
	require.ErrorContains(t, p.Stop(50*time.Millisecond), "was killed")
	require.False(t, p.Running())
}
