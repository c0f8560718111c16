package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/wiring"
)

// These tests set the process's environment, so they do not run in parallel.

// clean leaves the process no variable of the service.
func clean(t *testing.T) {
	t.Helper()
	for _, v := range config.Variables() {
		for _, name := range []string{v.Name, v.Name + "_FILE"} {
			t.Setenv(name, "")
		}
	}
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "absent.toml"))
}

// execute runs the command line and returns its standard output.
func execute(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// newKeys are the keys that the command keys new prints.
func newKeys(t *testing.T) config.Keys {
	t.Helper()
	out, err := execute(t, "", "keys", "new")
	require.NoError(t, err)
	c, err := config.Load(strings.Split(strings.TrimSpace(out), "\n"))
	require.NoError(t, err)
	return c.Keys
}

func TestNewKeysOpen(t *testing.T) {
	first, second := newKeys(t), newKeys(t)
	require.NotEqual(t, first, second)
	_, err := wiring.OpenKeys(first)
	require.NoError(t, err)
}

// TestKeyRotation rotates the keys as an operator does, in an environment file: add everywhere, then promote.
func TestKeyRotation(t *testing.T) {
	old, err := execute(t, "", "keys", "new")
	require.NoError(t, err)
	old += "DATABASE_DSN=x=y\n"
	added, err := execute(t, old, "keys", "add")
	require.NoError(t, err)
	promoted, err := execute(t, added, "keys", "promote")
	require.NoError(t, err)
	seen := []string{old}
	for _, text := range []string{added, promoted} {
		c, err := config.Load(strings.Split(text, "\n"))
		require.NoError(t, err)
		_, err = wiring.OpenKeys(c.Keys)
		require.NoError(t, err)
		require.Equal(t, "x=y", c.Database.DSN, "other lines stay")
		require.NotContains(t, seen, text)
		seen = append(seen, text)
	}
	_, err = execute(t, "PRF_KEYSET=none", "keys", "add")
	require.EqualError(t, err, "PRF_KEYSET: not a Tink keyset in base64 or JSON")
	_, err = execute(t, "no keyset", "keys", "add")
	require.ErrorContains(t, err, "no line on standard input begins with PRF_KEYSET=")
}

func TestVersion(t *testing.T) {
	out, err := execute(t, "", "version")
	require.NoError(t, err)
	require.Regexp(t, `^registrar dev \(.+, go1\..+\)\n$`, out)
}

func TestUnknownCommands(t *testing.T) {
	for _, args := range [][]string{{"serve"}, {"keys", "old"}, {"migrate", "sideways"}, {"api", "now"}, {"version", "2"}} {
		_, err := execute(t, "", args...)
		require.ErrorContains(t, err, "unknown command", args)
	}
	_, err := execute(t, "", "worker", "--queue", "registration")
	require.ErrorContains(t, err, "unknown flag: --queue")
}

func TestHelpNamesEveryCommand(t *testing.T) {
	out, err := execute(t, "")
	require.NoError(t, err)
	for _, name := range []string{"api", "worker", "migrate", "codec", "healthcheck", "keys", "timeline", "find", "campaign", "version"} {
		require.Contains(t, out, "\n  "+name+" ")
	}
	for _, group := range []string{"keys", "migrate", "campaign"} {
		out, err = execute(t, "", group)
		require.NoError(t, err)
		require.Contains(t, out, "Available Commands:")
	}
}

func TestMissingVariables(t *testing.T) {
	clean(t)
	servers := "PRF_KEYSET: is not set\nPAYLOAD_KEYSET: is not set\nDATABASE_DSN: is not set"
	for name, want := range map[string]string{
		"api": servers, "worker": servers, "timeline 1": servers, "codec": "PAYLOAD_KEYSET: is not set",
		"migrate up": "DATABASE_DSN: is not set", "migrate down": "DATABASE_DSN: is not set", "migrate status": "DATABASE_DSN: is not set",
	} {
		_, err := execute(t, "", strings.Fields(name)...)
		require.EqualError(t, err, want, name)
	}
}

func TestWorkerQueuesFlag(t *testing.T) {
	clean(t)
	t.Setenv("WORKER_QUEUES", "nonsense")
	_, err := execute(t, "", "worker", "--queues", "registration,emails")
	require.ErrorContains(t, err, `WORKER_QUEUES: "emails" is not a task queue`)
	_, err = execute(t, "", "worker", "--queues", "registration", "--queues", "notifications-high")
	require.ErrorContains(t, err, "PRF_KEYSET: is not set")
	_, err = execute(t, "", "worker")
	require.ErrorContains(t, err, `"nonsense" is not a task queue`)
}

// TestExitCode checks what a shell sees: a line for each mistake, each with the program's name.
func TestExitCode(t *testing.T) {
	clean(t)
	require.Equal(t, 0, exit(t, "version").code)
	failed := exit(t, "api")
	require.Equal(t, 1, failed.code)
	require.Equal(t, "registrar: PRF_KEYSET: is not set\nregistrar: PAYLOAD_KEYSET: is not set\nregistrar: DATABASE_DSN: is not set\n",
		failed.stderr)
}

type exited struct {
	code   int
	stderr string
}

// exit runs the program in this process.
func exit(t *testing.T, args ...string) exited {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	stdout, stderr, arguments := os.Stdout, os.Stderr, os.Args
	os.Stdout, os.Stderr, os.Args = nil, file, append([]string{"registrar"}, args...)
	code := run()
	os.Stdout, os.Stderr, os.Args = stdout, stderr, arguments
	require.NoError(t, file.Close())
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return exited{code, string(text)}
}
