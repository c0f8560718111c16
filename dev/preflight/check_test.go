package preflight

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// listenOnPort listens on a free port until the test ends.
func listenOnPort(t *testing.T) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

func TestBusyPorts(t *testing.T) {
	t.Parallel()
	busy := listenOnPort(t)
	number := strconv.Itoa(busy)
	for name, c := range map[string]struct {
		flags    Flags
		external bool
		want     string // the error; empty for none
	}{
		"API":              {Flags{APIPort: busy}, false, "port " + number + " is not free for the API: choose another with --api-port (address already in use)"},
		"API, no Temporal": {Flags{APIPort: busy}, true, "port " + number + " is not free for the API: choose another with --api-port (address already in use)"},
		"Web UI":           {Flags{UIPort: busy}, false, "port " + number + " is not free for the Temporal Web UI: choose another with --ui-port (address already in use)"},
		"Temporal":         {Flags{TemporalPort: busy}, false, "port " + number + " is not free for the Temporal frontend: choose another with --temporal-port (address already in use)"},
		"all":              {Flags{APIPort: busy, UIPort: busy, TemporalPort: busy}, false, "port " + number + " is not free for the API: choose another with --api-port (address already in use)\nport " + number + " is not free for the Temporal Web UI: choose another with --ui-port (address already in use)\nport " + number + " is not free for the Temporal frontend: choose another with --temporal-port (address already in use)"},
		"companion":        {Flags{With: "./program", WithPort: busy}, true, "port " + number + " is not free for the program of --with: choose another with --with-port (address already in use)"},
		"no companion":     {Flags{WithPort: busy}, false, ""},
		"not needed":       {Flags{UIPort: busy, TemporalPort: busy}, true, ""},
		"free":             {Flags{}, false, ""}, // 0 is any free port
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.flags.CheckPorts(c.external)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
}

func TestSamePortTwiceIsBusy(t *testing.T) { // not parallel: another test could listen on the port
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	f := Flags{APIPort: port, TemporalPort: port}
	require.ErrorContains(t, f.CheckPorts(false), "--temporal-port")
	f.TemporalPort = 0
	require.NoError(t, f.CheckPorts(false), "the check closes its sockets")
}

func TestLockData(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "missing", "parents")
	lock, err := LockData(folder)
	require.NoError(t, err)
	_, err = LockData(folder)
	require.EqualError(t, err, "data folder "+folder+" is in use by another process; choose another with --data")
	require.NoError(t, lock.Close())
	lock, err = LockData(folder)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

func TestLockDataFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := LockData(file)
	require.EqualError(t, err, "data folder "+file+" cannot be created: not a directory; choose another with --data")
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "lock"), 0o700))
	_, err = LockData(folder)
	require.EqualError(t, err, "data folder "+folder+" cannot be written: is a directory; choose another with --data")
}
