package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process is the program in a process of its own.
type process struct {
	*testClient
	command *exec.Cmd
	stderr  *buffer
	ended   chan struct{} // closed when the process has ended
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
func program(t *testing.T, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = t.TempDir()
	c.Env = append([]string{commandVariable + "=1", "HOME=" + c.Dir}, append(testSettings, settings...)...)
	return c
}

// startProcess starts the program and waits until the service is ready.
func startProcess(t *testing.T, data string, settings ...string) *process {
	t.Helper()
	p := freePorts()
	return startCommand(t, program(t, settings, append(p.flags(), "--data", data)...), p)
}

// startCommand starts a command that runs the service, and waits until the service is ready.
func startCommand(t *testing.T, c *exec.Cmd, p ports) *process {
	t.Helper()
	s := &process{newTestClient("http://127.0.0.1:" + strconv.Itoa(p.api)), c, new(buffer), make(chan struct{})}
	c.Stderr = s.stderr
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	ready := make(chan bool, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewReader(stdout)
		line, err := "", error(nil)
		for err == nil && line != "Registrar is ready.\n" {
			line, err = lines.ReadString('\n')
		}
		ready <- err == nil
		_, _ = io.Copy(io.Discard, lines)
		_ = c.Wait() // ProcessState has the result
	}()
	t.Cleanup(s.kill)
	select {
	case ok := <-ready:
		require.True(t, ok, "%s", s.stderr)
	case <-time.After(3 * time.Minute):
		require.FailNow(t, "not ready", "%s", s.stderr)
	}
	return s
}

func (p *process) isRunning() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill kills the process, as a crash does, and waits for its end.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// runProgram runs the program until it ends by itself, for at most 30 s.
func runProgram(t *testing.T, settings []string, args ...string) (exitCode int, stdout, stderr string) {
	t.Helper()
	c := program(t, settings, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
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

// lastPort counts up in a range below the system's ephemeral ports, so that no other process takes a port before its use.
var lastPort atomic.Int64

func freePorts() ports { return ports{freePort(), freePort(), freePort()} }

func freePort() int {
	const first, count = 12000, 8000
	offset := int64(os.Getpid()*31) % count
	for {
		port := first + int((offset+lastPort.Add(1))%count)
		listener, err := net.Listen("tcp", loopback(port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
}

// oneLine returns the only line of stderr.
func oneLine(t *testing.T, stderr string) string {
	t.Helper()
	line, rest, _ := strings.Cut(stderr, "\n")
	require.Empty(t, rest)
	return line
}
