//go:build docker

package compose

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// galera is only the database: three nodes and their proxy.
type galera struct {
	*stack
	written int
}

var nodes = []string{"db1", "db2", "db3"}

func (g *galera) on(action string, names ...string) {
	g.t.Helper()
	args := []string{action}
	for _, name := range names {
		args = append(args, g.container(name))
	}
	g.do(args...)
}

// write adds a row through a node.
func (g *galera) write(node string) {
	g.t.Helper()
	g.written++
	out, err := g.sql(node, fmt.Sprintf("INSERT INTO kept VALUES (%d)", g.written))
	require.NoError(g.t, err, out)
}

// awaitWhole waits until all nodes are synced members of one cluster, and checks that each has every row.
func (g *galera) awaitWhole() {
	g.t.Helper()
	began := time.Now()
	for _, node := range nodes {
		await(g.t, 2*time.Minute, func() error {
			out, err := g.sql(node, "SHOW STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment', 'wsrep_cluster_status')")
			if err != nil {
				return errors.New(node + ": " + out)
			}
			if !strings.Contains(out, "wsrep_cluster_size\t3") || !strings.Contains(out, "Synced") || !strings.Contains(out, "status\tPrimary") {
				return errors.New(node + ": " + out)
			}
			return nil
		})
	}
	g.t.Logf("whole after %.1f s", time.Since(began).Seconds())
	for _, node := range nodes {
		out, err := g.sql(node, "SELECT COUNT(*), COALESCE(MAX(n), 0) FROM kept")
		require.NoError(g.t, err, out)
		require.Equal(g.t, fmt.Sprintf("%d\t%d", g.written, g.written), out, node)
	}
}

// entrypointLog returns the log of a node's entrypoint since a time.
func (g *galera) entrypointLog(node string, since time.Time) string {
	out, _ := g.try("logs", "--since", since.UTC().Format(time.RFC3339Nano), g.container(node))
	var lines []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "galera: ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// bootstrappedNodes lists the nodes that have started a cluster since a time. Two nodes would mean two clusters.
func (g *galera) bootstrappedNodes(since time.Time) (began []string) {
	for _, node := range nodes {
		if strings.Contains(g.entrypointLog(node, since), node+": bootstrap") {
			began = append(began, node)
		}
	}
	return began
}

func TestGaleraStartsFromAnything(t *testing.T) {
	g := &galera{stack: newStack(t, "registrar-test-galera")}

	// The first start, interrupted while node 1 creates its accounts.
	g.do("compose", "up", "--detach", "--no-build", "database", "db1", "db2", "db3")
	await(t, time.Minute, func() error {
		_, err := g.try("exec", g.container("db1"), "test", "-d", "/var/lib/mysql/mysql")
		return err
	})
	g.crash(g.container("db1"))
	await(t, time.Minute, func() error {
		_, err := g.sql("db1", "CREATE TABLE IF NOT EXISTS kept (n INT PRIMARY KEY)")
		return err
	})
	require.Contains(t, g.entrypointLog("db1", time.Time{}), "starting again")
	g.write("db1")
	g.awaitWhole()

	for _, c := range []struct {
		name       string
		do         func(t *testing.T)
		candidates []string // nodes of which one starts a cluster; empty: none does
	}{
		{"one crashed and is restarted", func(*testing.T) {
			g.crash(g.container("db1"))
			await(t, time.Minute, func() error { _, err := g.sql("db1", "SELECT 1"); return err })
		}, nil},
		{"one was away and missed writes", func(*testing.T) {
			g.on("kill", "db1")
			await(t, time.Minute, func() error { _, err := g.sql("db2", "SELECT COUNT(*) FROM kept"); return err })
			g.write("db2")
			g.write("db3")
			g.on("start", "db1")
		}, nil},
		{"all crashed", func(*testing.T) {
			g.on("kill", nodes...)
			g.on("start", nodes...)
		}, []string{"db1"}},
		{"all were stopped", func(*testing.T) {
			g.do("compose", "stop", "db1", "db2", "db3")
			g.on("start", nodes...)
		}, nodes},
		{"the newest is not the first", func(t *testing.T) {
			g.on("stop", "db1")
			await(t, time.Minute, func() error { _, err := g.sql("db2", "SELECT COUNT(*) FROM kept"); return err })
			g.write("db2")
			g.on("kill", "db2", "db3")
			began := time.Now()
			g.on("start", "db1")
			await(t, time.Minute, func() error {
				if !strings.Contains(g.entrypointLog("db1", began), "no answer from: db2 db3") {
					return errors.New("db1 does not say that it waits")
				}
				return nil
			})
			g.on("start", "db2")
			await(t, time.Minute, func() error { // each node has checked, and one might have newer data
				for _, node := range []string{"db1", "db2"} {
					if !strings.Contains(g.entrypointLog(node, began), "no answer from: db3\n") {
						return errors.New(node + " does not say that it waits for db3")
					}
				}
				return nil
			})
			require.Empty(t, g.bootstrappedNodes(began))
			g.on("start", "db3")
		}, []string{"db2"}},
		{"the majority crashed, one kept running", func(*testing.T) {
			g.on("kill", "db2", "db3")
			g.on("start", "db2", "db3")
		}, nil},
		{"one lost its volume", func(*testing.T) {
			g.do("compose", "rm", "--stop", "--force", "--volumes", "db2")
			g.do("volume", "rm", g.project+"_db2")
			g.do("compose", "up", "--detach", "--no-build", "db2")
		}, nil},
		{"two nodes are lost, and an operator names the first", func(t *testing.T) {
			g.on("kill", nodes...)
			g.do("compose", "rm", "--stop", "--force", "--volumes", "db1", "db3")
			g.do("volume", "rm", g.project+"_db1", g.project+"_db3")
			g.document("choose-node")
		}, nil}, // db2 did, but its container was replaced afterwards
	} {
		ok := g.run(c.name, func(t *testing.T) {
			began := time.Now()
			c.do(t)
			g.awaitWhole()
			bootstrapped := g.bootstrappedNodes(began)
			require.Len(t, bootstrapped, min(1, len(c.candidates)))
			require.Subset(t, c.candidates, bootstrapped)
			g.write("db1")
			g.awaitWhole()
		})
		if !ok {
			return
		}
	}
}
