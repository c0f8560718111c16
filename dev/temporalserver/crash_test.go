package temporalserver

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/test/parts"
)

// helperFile is the variable that makes the test binary run a server on a file instead of the tests.
const helperFile = "TEMPORALSERVER_TEST_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(helperFile); file != "" {
		os.Exit(runHelper(file))
	}
	os.Exit(m.Run())
}

// runHelper prints its address when it is ready, and stops when its input ends.
func runHelper(file string) int {
	ctx := context.Background()
	s, err := Start(ctx, Options{DataFile: file, UIPort: parts.FreePort()})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(s.Address())
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Stop()
	return 0
}

// helper is a server in its own process.
type helper struct {
	*exec.Cmd
	address string
	input   io.Closer
	output  *bufio.Reader // after the address
	errors  *bytes.Buffer
}

func startHelper(t *testing.T, file string) *helper {
	h := &helper{Cmd: exec.CommandContext(t.Context(), os.Args[0]), errors: new(bytes.Buffer)}
	h.Env = append(os.Environ(), helperFile+"="+file)
	h.Stderr = h.errors
	input, err := h.StdinPipe()
	require.NoError(t, err)
	output, err := h.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, h.Start())
	t.Cleanup(func() { _ = h.Process.Kill() })
	h.input, h.output = input, bufio.NewReader(output)
	line, err := h.output.ReadString('\n')
	require.NoError(t, err, h.errors)
	h.address = strings.TrimSpace(line)
	return h
}

func TestRunningWorkflowsContinueAfterKillAndMove(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	folder := filepath.Join(parent, "da ta?%41#")
	require.NoError(t, os.Mkdir(folder, 0o700))
	h := startHelper(t, filepath.Join(folder, "temporal.db"))
	ids := make([]string, 10)
	c := dialAddress(t, h.address)
	w := runWorker(t, c)
	for n := range ids {
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "bench"}, waitForSignal)
		require.NoError(t, err)
		ids[n] = run.GetID()
	}
	require.NoError(t, h.Process.Signal(syscall.SIGKILL))
	_ = h.Wait()
	w.Stop()

	moved := filepath.Join(parent, "moved")
	require.NoError(t, os.Rename(folder, moved))
	h = startHelper(t, filepath.Join(moved, "temporal.db"))
	c = dialAddress(t, h.address)
	runWorker(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, id := range ids {
		require.NoError(t, c.SignalWorkflow(ctx, id, "", "go on", id))
		var word string
		require.NoError(t, c.GetWorkflow(ctx, id, "").Get(ctx, &word))
		require.Equal(t, id, word)
	}
}

func TestTheFileIsLockedForOtherProcesses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	startHelper(t, file)
	_, err := Start(t.Context(), Options{DataFile: file, Logger: silent})
	var unusable *DataFileError
	require.ErrorAs(t, err, &unusable)
	require.ErrorContains(t, err, "in use by another process")
}

func TestAServerWritesNoOutput(t *testing.T) {
	t.Parallel()
	h := startHelper(t, filepath.Join(t.TempDir(), "temporal.db"))
	c := dialAddress(t, h.address)
	w := runWorker(t, c)
	_, err := signUpOnce(t.Context(), c)
	require.NoError(t, err)
	w.Stop()
	require.NoError(t, h.input.Close())
	rest, err := io.ReadAll(h.output)
	require.NoError(t, err)
	require.NoError(t, h.Wait())
	require.Empty(t, string(rest))
	require.Empty(t, h.errors.String())
}

func TestAServerInstallsNoSignalHandlers(t *testing.T) {
	t.Parallel()
	h := startHelper(t, filepath.Join(t.TempDir(), "temporal.db"))
	require.NoError(t, h.Process.Signal(syscall.SIGTERM))
	_ = h.Wait()
	status, ok := h.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGTERM, status.Signal(), "ended by the signal, not by a handler")
}
