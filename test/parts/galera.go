package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// GaleraNodes is the number of nodes of a cluster.
const GaleraNodes = 3

// Galera is a cluster of three MariaDB servers, 0 to 2, on loopback. Root may connect to each without a password. Only one
// goroutine at a time may start and stop nodes.
type Galera struct {
	account *User
	nodes   [GaleraNodes]*galeraNode
}

// galeraNode is one of the servers. Its ports are for SQL, for group communication, and for transfers to a joining node:
// incremental (IST) or of all data (SST).
type galeraNode struct {
	name                  string
	dir                   string
	port, group, ist, sst int
	process               *Process
}

// StartGalera starts a new, empty cluster and returns when all nodes are synced, in 10 to 20 s.
func StartGalera(t Test) *Galera {
	t.Helper()
	g := new(Galera)
	var err error
	if g.account, err = databaseAccount(); err != nil {
		t.Fatalf("%v", err)
	}
	for i := range g.nodes {
		name := fmt.Sprintf("galera%d", i)
		g.nodes[i] = &galeraNode{name: name, dir: Dir(t, name), port: FreePort(), group: FreePort(), ist: FreePort(), sst: FreePort()}
	}
	t.Cleanup(func() {
		for _, n := range g.nodes {
			if n.process != nil {
				n.process.end(t)
			}
		}
	})
	if err := g.create(t.Context()); err != nil {
		t.Fatalf("start Galera: %v", err)
	}
	return g
}

// create creates the nodes' folders and the cluster: node 0 bootstraps, then the others copy its data one after the other.
func (g *Galera) create(ctx context.Context) error {
	for _, n := range g.nodes {
		if err := install(ctx, n.dir, g.account); err != nil {
			return err
		}
		if err := os.WriteFile(n.defaults(), []byte(g.config(n)), 0o644); err != nil {
			return err
		}
	}
	for i := range g.nodes {
		var args []string
		if i == 0 {
			args = []string{"--wsrep-new-cluster"}
		}
		if err := errors.Join(g.launch(i, args...), g.AwaitSynced(i)); err != nil {
			return err
		}
	}
	return nil
}

func (n *galeraNode) defaults() string { return filepath.Join(n.dir, "my.cnf") }

// config shortens Galera's timers, so that the other nodes continue 1 to 2 s after a node was killed instead of after 6 s.
func (g *Galera) config(n *galeraNode) string {
	var members []string
	for _, m := range g.nodes {
		members = append(members, Loopback(m.group))
	}
	return fmt.Sprintf(`[mariadbd]
datadir=%[1]s/data
tmpdir=%[1]s
socket=%[1]s/socket
pid-file=%[1]s/pid
bind-address=127.0.0.1
port=%[2]d
max_connections=500
innodb_buffer_pool_size=32M
innodb_autoinc_lock_mode=2
binlog_format=ROW
wsrep_on=ON
wsrep_provider=/usr/lib/galera/libgalera_smm.so
wsrep_cluster_name=registrar
wsrep_cluster_address=gcomm://%[3]s
wsrep_node_name=%[4]s
wsrep_node_address=%[5]s
wsrep_node_incoming_address=%[6]s
wsrep_sst_method=rsync
wsrep_sst_receive_address=%[7]s
wsrep_provider_options="gcache.size=32M;gmcast.listen_addr=tcp://%[5]s;ist.recv_addr=%[8]s;evs.keepalive_period=PT0.3S;`+
		`evs.inactive_check_period=PT0.2S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.install_timeout=PT3S"
`, n.dir, n.port, strings.Join(members, ","), n.name, Loopback(n.group), Loopback(n.port), Loopback(n.sst), Loopback(n.ist))
}

// launch starts a node without waiting for it.
func (g *Galera) launch(i int, args ...string) error {
	n := g.nodes[i]
	position, err := g.recoverPosition(n)
	if err != nil {
		return err
	}
	if position != "" {
		args = append(args, "--wsrep-start-position="+position)
	}
	n.process, err = StartProcess(Command{
		Name: n.name, Path: "mariadbd", Dir: n.dir, User: g.account, Args: append([]string{"--defaults-file=" + n.defaults()}, args...),
	})
	return err
}

// recoverPosition returns the position of a node that crashed, so that it needs only an incremental transfer. It returns ""
// for a node that did not crash.
func (g *Galera) recoverPosition(n *galeraNode) (string, error) {
	state, err := os.ReadFile(filepath.Join(n.dir, "data", "grastate.dat"))
	if err != nil || !strings.Contains(string(state), "seqno:   -1") {
		return "", nil //nolint:nilerr // a node without that file has never run
	}
	c := exec.CommandContext(context.Background(), "mariadbd", "--defaults-file="+n.defaults(), "--wsrep-recover")
	c.SysProcAttr = attributes(g.account)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("recover the position of %s: %w: %s", n.name, err, out)
	}
	_, found, _ := strings.Cut(string(out), "WSREP: Recovered position: ")
	position, _, _ := strings.Cut(found, "\n")
	return strings.TrimSpace(position), nil
}

// AwaitSynced returns when a node accepts statements as a synced member of the majority.
func (g *Galera) AwaitSynced(i int) error {
	n := g.nodes[i]
	err := Await(context.Background(), time.Minute, n.process.Gone(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // a frozen node does not answer
		defer cancel()
		state, err := g.status(ctx, i, "wsrep_local_state_comment")
		if err == nil && state != "Synced" {
			err = errors.New("the state is " + state)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w\n%s", n.name, err, n.process.Tail())
	}
	return nil
}

func (g *Galera) status(ctx context.Context, i int, name string) (value string, err error) {
	err = query(ctx, g.DSN(i, ""), "SHOW GLOBAL STATUS LIKE '"+name+"'", &name, &value)
	return value, err
}

// Kill kills a node, as in a crash, and returns when it has ended.
func (g *Galera) Kill(i int) { g.nodes[i].process.Kill() }

// Stop shuts a node down.
func (g *Galera) Stop(i int) error { return g.nodes[i].process.Stop(30 * time.Second) }

// Freeze suspends a node until Thaw; its connections stay open.
func (g *Galera) Freeze(i int) error { return g.nodes[i].process.Freeze() }

// Thaw ends Freeze.
func (g *Galera) Thaw(i int) error { return g.nodes[i].process.Thaw() }

// Restart restarts nodes after Kill or Stop, and returns when they are synced. If all nodes were killed, it must be called
// with all nodes.
func (g *Galera) Restart(nodes ...int) error {
	for _, i := range nodes {
		if err := g.launch(i); err != nil {
			return err
		}
	}
	for _, i := range nodes {
		if err := g.AwaitSynced(i); err != nil {
			return err
		}
	}
	return nil
}

// Bootstrap starts a node as the first of the cluster after all were stopped, and returns when it accepts statements. The
// node's state file must allow it.
func (g *Galera) Bootstrap(i int) error {
	return errors.Join(g.launch(i, "--wsrep-new-cluster"), g.AwaitSynced(i))
}

// Data returns a node's data directory.
func (g *Galera) Data(i int) string { return filepath.Join(g.nodes[i].dir, "data") }

// Address returns a node's host:port.
func (g *Galera) Address(i int) string { return Loopback(g.nodes[i].port) }

// Process returns a node's running or last process.
func (g *Galera) Process(i int) *Process { return g.nodes[i].process }

// DSN returns the data source name of a database on one node. An empty name means no database.
func (g *Galera) DSN(i int, database string) string { return rootDSN(g.nodes[i].port, database) }

// Exec runs a statement as root on one node. Changes of data are replicated to all nodes.
func (g *Galera) Exec(ctx context.Context, i int, statement string) error {
	return execRoot(ctx, g.nodes[i].port, statement)
}
