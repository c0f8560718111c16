package main

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireStartFails requires that the program fails to start with one line on standard error. It returns the line.
func requireStartFails(t *testing.T, settings []string, args ...string) string {
	t.Helper()
	exitCode, stdout, stderr := runProgram(t, settings, args...)
	require.Equal(t, 1, exitCode, "%s", stderr)
	require.Empty(t, stdout)
	line := oneLine(t, stderr)
	require.True(t, strings.HasPrefix(line, "dev: "), line)
	return line
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", loopbackAddress(0))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	busy := listener.Addr().(*net.TCPAddr).Port
	for flag, what := range map[string]string{"--api-port": "API", "--ui-port": "Web UI", "--temporal-port": "Temporal"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			args := append(freePorts().flags(), "--data", t.TempDir(), flag, strconv.Itoa(busy))
			line := requireStartFails(t, nil, args...)
			require.Contains(t, line, strconv.Itoa(busy))
			require.Contains(t, line, what)
			require.Contains(t, line, flag)
		})
	}
}

func TestUnusableDataFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, data := range map[string]string{"a file": file, "below a file": filepath.Join(file, "data"), "not writable": "/proc/registrar"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := requireStartFails(t, nil, append(freePorts().flags(), "--data", data)...)
			require.Contains(t, line, data)
			require.Contains(t, line, "--data")
		})
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, content)
}

func TestDataFolderIsLocked(t *testing.T) {
	t.Parallel()
	data := shared(t).stack.data
	line := requireStartFails(t, nil, append(freePorts().flags(), "--data", data)...)
	require.Contains(t, line, data)
	require.Contains(t, line, "in use")
	shared(t).mustRegister(t, newForm())
}

// If a newer release wrote the data, the program reports this and does not change the data.
func TestDataOfNewerReleaseIsNotChanged(t *testing.T) {
	t.Parallel()
	original := t.TempDir()
	s, err := startStack(original, discardLogger(), nil)
	require.NoError(t, err)
	require.NoError(t, s.stop())
	for file, c := range map[string]struct{ change, want string }{
		"registrar.db": {"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)", "version 9999"},
		"temporal.db":  {"UPDATE schema_version SET curr_version = '99.0' WHERE db_name = 'temporal'", "version 99.0"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			require.NoError(t, os.CopyFS(data, os.DirFS(original)))
			db := open(t, filepath.Join(data, file), "")
			_, err := db.ExecContext(t.Context(), c.change)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			before := contents(t, data)
			line := requireStartFails(t, nil, append(freePorts().flags(), "--data", data)...)
			require.Contains(t, line, filepath.Join(data, file))
			require.Contains(t, line, c.want)
			require.Equal(t, before[file], contents(t, data)[file])
		})
	}
}

func TestDamagedData(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"registrar.db", "temporal.db", "outbox.jsonl", "prf.keyset", "payload.keyset"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(data, file), []byte(strings.Repeat("nonsense\n", 1000)), 0o600))
			require.Contains(t, requireStartFails(t, nil, append(freePorts().flags(), "--data", data)...), filepath.Join(data, file))
		})
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(content)
		return err
	}))
	return files
}

func TestInvalidSetting(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"LOG_LEVEL": "loud", "OTP_TTL": "soon", "OTP_TRIES": "0", "DEFAULT_REGION": "Atlantis", "PRF_KEYSET": "no-keyset-sesame",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := requireStartFails(t, []string{name + "=" + value}, append(freePorts().flags(), "--data", t.TempDir())...)
			require.True(t, strings.HasPrefix(line, "dev: "+name+": "), line)
			require.NotContains(t, line, "sesame", "secrets are not printed")
		})
	}
}

func TestInvalidArgument(t *testing.T) {
	t.Parallel()
	require.Contains(t, requireStartFails(t, nil, "--api-port", "0"), "--api-port: 0")
	require.Contains(t, requireStartFails(t, nil, "--ui-port", "65536"), "--ui-port: 65536")
	require.Contains(t, requireStartFails(t, nil, "start"), `"start"`)
	exitCode, _, stderr := runProgram(t, nil, "--port", "8080")
	require.Equal(t, 2, exitCode)
	require.Contains(t, stderr, "-port")
}
