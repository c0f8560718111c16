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

// frontVariable makes the test binary run the program instead of the tests.
const frontVariable = "DEV_TEST_FRONT"

func TestMain(m *testing.M) {
	if os.Getenv(frontVariable) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// runProgram runs the program without a go command in PATH, so that it cannot compile anything.
func runProgram(t *testing.T, args ...string) (exitCode int, stdout, stderr string) {
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
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// listen listens on a free port until release is called.
func listen(t *testing.T) (port string, release func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), func() { _ = listener.Close() }
}

func TestProblemsAreReportedWithoutCompiling(t *testing.T) {
	t.Parallel()
	busy, release := listen(t)
	t.Cleanup(release)
	var free []string // the default ports may be in use on this machine
	var releases []func()
	for range 4 {
		port, release := listen(t)
		free, releases = append(free, port), append(releases, release)
	}
	for _, release := range releases {
		release()
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, c := range map[string]struct {
		args     []string
		exitCode int
		want     []string // parts of the error
	}{
		"unknown flag":    {[]string{"--port", "8080"}, 2, []string{"--port", "--help"}},
		"no port":         {[]string{"--api-port", "0"}, 1, []string{"--api-port: 0"}},
		"argument":        {[]string{"start"}, 1, []string{`"start"`}},
		"API port busy":   {[]string{"--api-port", busy, "--ui-port", free[1], "--temporal-port", free[2]}, 1, []string{"port " + busy, "API", "--api-port"}},
		"UI port busy":    {[]string{"--api-port", free[0], "--ui-port", busy, "--temporal-port", free[2]}, 1, []string{"port " + busy, "Web UI", "--ui-port"}},
		"with port busy":  {[]string{"--with", "./program", "--with-port", busy, "--api-port", free[0], "--ui-port", free[1], "--temporal-port", free[2]}, 1, []string{"port " + busy, "--with-port"}},
		"program":         {[]string{"--with", "./program", "--with-port", free[3], "--api-port", free[0], "--ui-port", free[1], "--temporal-port", free[2]}, 1, []string{"go command", "./program"}},
		"unusable folder": {[]string{"--data", file}, 1, []string{file, "--data"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exitCode, stdout, stderr := runProgram(t, c.args...)
			require.Empty(t, stdout)
			require.Equal(t, c.exitCode, exitCode, stderr)
			require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			require.True(t, strings.HasPrefix(stderr, "dev: "), stderr)
			for _, text := range c.want {
				require.Contains(t, stderr, text)
			}
		})
	}
}

func TestHelpWithoutCompiling(t *testing.T) {
	t.Parallel()
	exitCode, stdout, stderr := runProgram(t, "--help")
	require.Zero(t, exitCode)
	require.Contains(t, stdout, "--temporal-port")
	require.Empty(t, stderr)
}

// TestImportsAreFew limits the time to the first output: with an empty build cache, all imports are compiled before it.
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
