package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// process is the service in a process of its own.
type process struct {
	*testClient
	*parts.Server
}

// buffer is a buffer for concurrent use.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// program returns a command that runs the program with no environment variables except settings.
func program(t *testing.T, settings []string, args ...string) parts.Command {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := parts.Dir(t, "dev")
	return parts.Command{
		Name: "dev", Path: self, Args: args, Dir: dir,
		Env: append([]string{commandVariable + "=1", "HOME=" + dir}, append(testSettings, settings...)...),
	}
}

// startProcess starts the program and waits until the service is ready.
func startProcess(t *testing.T, data string, settings ...string) *process {
	t.Helper()
	p := freePorts()
	return startCommand(t, program(t, settings, append(p.flags(), "--data", data)...), p)
}

// startCommand starts a command that runs the service, and waits until the service is ready.
func startCommand(t *testing.T, c parts.Command, p ports) *process {
	t.Helper()
	return &process{newTestClient("http://127.0.0.1:" + strconv.Itoa(p.api)), parts.StartServer(t, c, "Registrar is ready.\n")}
}

// runProgram runs the program until it ends by itself, for at most 30 s.
func runProgram(t *testing.T, settings []string, args ...string) (exitCode int, stdout, stderr string) {
	t.Helper()
	p := program(t, settings, args...)
	c := exec.CommandContext(t.Context(), p.Path, p.Args...)
	var out, errs bytes.Buffer
	c.Env, c.Dir, c.Stdout, c.Stderr = p.Env, p.Dir, &out, &errs
	require.NoError(t, c.Start())
	overdue := time.AfterFunc(30*time.Second, func() { _ = c.Process.Signal(syscall.SIGKILL) })
	defer overdue.Stop()
	err := c.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// ports are the ports of one process.
type ports struct{ api, ui, temporal int }

func (p ports) flags() []string {
	return []string{fmt.Sprintf("--api-port=%d", p.api), fmt.Sprintf("--ui-port=%d", p.ui), fmt.Sprintf("--temporal-port=%d", p.temporal)}
}

func freePorts() ports { return ports{parts.FreePort(), parts.FreePort(), parts.FreePort()} }

// oneLine returns the only line of stderr.
func oneLine(t *testing.T, stderr string) string {
	t.Helper()
	line, rest, _ := strings.Cut(stderr, "\n")
	require.Empty(t, rest)
	return line
}
