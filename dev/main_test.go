package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// frontVariable makes the test binary be the program instead of its tests.
const frontVariable = "DEV_TEST_FRONT"

func TestMain(m *testing.M) {
	if os.Getenv(frontVariable) != "" {
		os.Exit(run(os.Args[1:], os.Stderr))
	}
	os.Exit(m.Run())
}

// tryOut runs the program where there is no go command: it ends without compiling anything, or says that it cannot.
func tryOut(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = t.TempDir()
	c.Env = []string{frontVariable + "=1", "PATH=" + c.Dir}
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	require.Empty(t, out.String())
	return c.ProcessState.ExitCode(), errs.String()
}

// listen takes a port until it is released.
func listen(t *testing.T) (port string, release func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), func() { _ = listener.Close() }
}

func TestMistakesAreReportedWithoutCompiling(t *testing.T) {
	t.Parallel()
	busy, release := listen(t)
	t.Cleanup(release)
	free, release := listen(t)
	release()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"unknown flag":     {[]string{"--port", "8080"}, 2, []string{"--port", "--help"}},
		"no port":          {[]string{"--api-port", "0"}, 1, []string{"--api-port: 0"}},
		"argument":         {[]string{"start"}, 1, []string{`"start"`}},
		"API port busy":    {[]string{"--api-port", busy}, 1, []string{"port " + busy, "API", "--api-port"}},
		"UI port busy":     {[]string{"--api-port", free, "--ui-port", busy}, 1, []string{"port " + busy, "Web UI", "--ui-port"}},
		"data, not usable": {[]string{"--data", file}, 1, []string{file, "--data"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stderr := tryOut(t, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			require.True(t, strings.HasPrefix(stderr, "dev: "), stderr)
			for _, text := range c.says {
				require.Contains(t, stderr, text)
			}
		})
	}
}

func TestHelpNeedsNoCompiling(t *testing.T) {
	t.Parallel()
	code, stderr := tryOut(t, "--help")
	require.Zero(t, code)
	require.Contains(t, stderr, "--temporal-port")
}

// TestImportsAreFew keeps the first minute short: with an empty build cache all of these are compiled before the first line.
func TestImportsAreFew(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for path := range strings.Lines(string(output)) {
		path = strings.TrimSpace(path)
		require.NotContains(t, []string{"fmt", "reflect", "net", "regexp", "encoding/json"}, path)
		if strings.Contains(path, ".") || strings.HasPrefix(path, "registrar/") {
			require.Contains(t, []string{"registrar/dev", "registrar/dev/launch", "registrar/dev/preflight"}, path)
		}
	}
}
