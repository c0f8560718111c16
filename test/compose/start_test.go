package compose

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	cluster = "6a9e8c1f-0000-11f1-8b2e-000000000001"
	other   = "6a9e8c1f-0000-11f1-8b2e-000000000002"
	nilID   = "00000000-0000-0000-0000-000000000000"
)

// script runs lines of bash after deploy/galera/start.sh, whose functions they may replace, and returns their output.
func script(t *testing.T, dir, lines string) (stdout, stderr string, err error) {
	path, err := filepath.Abs(filepath.Join(root, "deploy/galera/start.sh"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", "source "+path+"\nnode=()\n"+lines)
	c.Env = append(os.Environ(), "GALERA_DATA="+dir, "GALERA_NODES=db1 db2 db3")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr, c.WaitDelay = &out, &errs, time.Second
	err = c.Run()
	return out.String(), errs.String(), err
}

func write(t *testing.T, dir, name, content string) {
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
}

func grastate(uuid, seqno string) string {
	return "# GALERA saved state\nversion: 2.1\nuuid:    " + uuid + "\nseqno:   " + seqno + "\nsafe_to_bootstrap: 0\n"
}

func TestPosition(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ state, log, want string }{
		"new":                 {"", "", "none"},
		"stopped":             {grastate(cluster, "42"), "must not be asked", cluster + ":42"},
		"crashed":             {grastate(cluster, "-1"), "WSREP: Recovered position: " + cluster + ":57", cluster + ":57"},
		"crashed, with GTID":  {grastate(cluster, "-1"), "WSREP: Recovered position: " + cluster + ":57,0-1-9", cluster + ":57,0-1-9"},
		"crashed in its copy": {grastate(nilID, "-1"), "must not be asked", "none"},
		"crashed, no data":    {grastate(cluster, "-1"), "WSREP: Recovered position: " + nilID + ":-1", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.state != "" {
				write(t, dir, "grastate.dat", c.state)
			}
			out, _, err := script(t, dir, "mariadbd() { echo '[Note] "+c.log+"'; }\nposition")
			require.NoError(t, err)
			require.Equal(t, c.want+"\n", out)
		})
	}
}

// A node whose position cannot be read must not count as a node without data.
func TestPositionThatCannotBeRecovered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "grastate.dat", grastate(cluster, "-1"))
	out, _, err := script(t, dir, "mariadbd() { echo 'corrupt'; return 1; }\nposition")
	require.Error(t, err)
	require.Empty(t, out)
	out, _, err = script(t, dir, "mariadbd() { echo 'says nothing of it'; }\nposition")
	require.Error(t, err)
	require.Empty(t, out)
}

func TestWinner(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"db1=none db2=none db3=none":                                        "db1",
		"db1=none db2=none db3=" + cluster + ":0":                           "db3",
		"db1=" + cluster + ":7 db2=" + cluster + ":7 db3=" + cluster + ":7": "db1",
		"db1=" + cluster + ":9 db2=" + cluster + ":10 db3=none":             "db2", // numbers, not text
		"db1=" + cluster + ":3,0-1-2 db2=" + cluster + ":4,0-1-3 db3=none":  "db2",
	} {
		out, errs, err := script(t, t.TempDir(), "winner "+args)
		require.NoError(t, err, errs)
		require.Equal(t, want+"\n", out, args)
	}
	out, errs, err := script(t, t.TempDir(), "winner db1="+cluster+":7 db2="+other+":8 db3=none")
	require.Error(t, err)
	require.Empty(t, out)
	require.Contains(t, errs, "different clusters")
}

func TestRole(t *testing.T) {
	t.Parallel()
	const noNodeRuns = "runs() { false; }\n"
	asked := func(db1, db2, db3 string) string {
		return "ask() { case $1 in db1) at='" + db1 + "';; db2) at='" + db2 + "';; db3) at='" + db3 + "';; esac; [ -n \"$at\" ] && echo $at; }\n"
	}
	for name, c := range map[string]struct{ lines, want string }{
		"another node runs":                   {"runs() { [ $1 = db3 ]; }\n" + asked("", "", "") + "role db1 none", "join"},
		"another node runs, this one is last": {"runs() { [ $1 = db3 ]; }\n" + asked("", "", "") + "role db1 " + cluster + ":99", "join"},
		"no node has data, first":             {noNodeRuns + asked("", "none", "none") + "role db1 none", "bootstrap"},
		"the newest":                          {noNodeRuns + asked(cluster+":5", cluster+":6", "") + "role db3 " + cluster + ":7", "bootstrap"},
		"an operator says so":                 {noNodeRuns + asked("", "", "") + "GALERA_BOOTSTRAP=db2 role db2 " + cluster + ":7", "bootstrap"},
		"an operator, but one runs":           {"runs() { [ $1 = db3 ]; }\n" + asked("", "", "") + "GALERA_BOOTSTRAP=db2 role db2 " + cluster + ":7", "join"},

		// These wait; the sleep between two checks ends the script.
		"no node has data, not the first": {noNodeRuns + asked("none", "", "none") + "role db2 none", "waits"},
		"another is newer":                {noNodeRuns + asked(cluster+":8", cluster+":6", "") + "role db3 " + cluster + ":7", "waits"},
		"one is not heard of":             {noNodeRuns + asked(cluster+":5", "", "") + "role db3 " + cluster + ":7", "waits"},
		"alone and without data":          {noNodeRuns + asked("", "", "") + "role db1 none", "waits"},
		"different clusters":              {noNodeRuns + asked(other+":5", cluster+":5", "") + "role db3 " + cluster + ":7", "waits"},
		"an operator named another":       {noNodeRuns + asked(cluster+":5", cluster+":5", "") + "GALERA_BOOTSTRAP=db2 role db3 " + cluster + ":7", "waits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, err := script(t, t.TempDir(), "sleep() { echo waits; exit; }\n"+c.lines)
			require.NoError(t, err, errs)
			require.Equal(t, c.want+"\n", out, errs)
		})
	}
}

func TestCleanUp(t *testing.T) {
	t.Parallel()
	const first = ".registrar-first-start"
	for name, c := range map[string]struct {
		before, after []string
	}{
		"the first start was cut off":   {[]string{first, "ibdata1"}, nil},
		"it was finished":               {[]string{first, "ibdata1", "grastate.dat"}, []string{"grastate.dat", "ibdata1"}},
		"data that are not a cluster's": {[]string{"ibdata1"}, []string{"ibdata1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range c.before {
				write(t, dir, file, "")
			}
			_, errs, err := script(t, dir, "clean_up")
			require.NoError(t, err, errs)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			var left []string
			for _, entry := range entries {
				left = append(left, entry.Name())
			}
			require.Equal(t, c.after, left)
		})
	}
}
