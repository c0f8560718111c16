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

// GaleraNodes is how many nodes a cluster has.
const GaleraNodes = 3

// Galera is a cluster of three MariaDB servers, 0 to 2, on loopback. Root may connect to each without a password. One
// goroutine at a time may start and end a node.
type Galera struct {
	account *User
	nodes   [GaleraNodes]*galeraNode
}

// galeraNode is one of the servers. Its ports are for SQL, for the group, and for transfers to a joining node: of what it
// missed (IST), or of all data (SST).
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

// create makes the nodes' folders, and the cluster: node 0 has the first data; the others get all from it, one by one.
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

// config has timers of a second, so that the others go on 1 to 2 s after a node was killed, and not after 6.
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

// launch starts a node and does not wait.
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

// recoverPosition returns how far a node was when it crashed, so that it needs only what it has missed since; "" for a
// node that did not crash.
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

// AwaitSynced returns when a node takes statements, as a synced member of the majority.
func (g *Galera) AwaitSynced(i int) error {
	n := g.nodes[i]
	err := Await(context.Background(), time.Minute, n.process.Gone(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // a frozen node does not answer
		defer cancel()
		state, err := g.status(ctx, i, "wsrep_local_state_comment")
		if err == nil && state != "Synced" {
			err = errors.New("it is " + state)
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

// Kill ends a node as a crash does, and returns when it is gone.
func (g *Galera) Kill(i int) { g.nodes[i].process.Kill() }

// Stop shuts a node down.
func (g *Galera) Stop(i int) error { return g.nodes[i].process.Stop(30 * time.Second) }

// Freeze has a node do nothing until Thaw; its connections stay.
func (g *Galera) Freeze(i int) error { return g.nodes[i].process.Freeze() }

// Thaw ends Freeze.
func (g *Galera) Thaw(i int) error { return g.nodes[i].process.Thaw() }

// Restart starts nodes again after Kill or Stop, and returns when they are synced. When all nodes were killed, it must
// start all.
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

// Bootstrap starts a node as the first of the cluster, after all were stopped, and returns when it takes statements. Its
// state file must allow it.
func (g *Galera) Bootstrap(i int) error {
	return errors.Join(g.launch(i, "--wsrep-new-cluster"), g.AwaitSynced(i))
}

// Data is a node's data directory.
func (g *Galera) Data(i int) string { return filepath.Join(g.nodes[i].dir, "data") }

// Address is where a node takes connections.
func (g *Galera) Address(i int) string { return Loopback(g.nodes[i].port) }

// Process is a node that runs, or ran last.
func (g *Galera) Process(i int) *Process { return g.nodes[i].process }

// DSN is the data source name of a database on one node. No name means no database.
func (g *Galera) DSN(i int, database string) string { return rootDSN(g.nodes[i].port, database) }

// Exec runs a statement as root on one node; what changes data changes it on all.
func (g *Galera) Exec(ctx context.Context, i int, statement string) error {
	return execRoot(ctx, g.nodes[i].port, statement)
}
