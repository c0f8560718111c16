package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// galeraNodes is the number of nodes of a cluster.
const galeraNodes = 3

// Galera is a cluster of three MariaDB servers on loopback, with the configuration of deploy/galera.
type Galera struct {
	Nodes [galeraNodes]*GaleraNode
}

// GaleraNode is one of the servers. It is ready when it accepts statements as a synced member of the majority.
type GaleraNode struct {
	*MariaDB

	ports galeraPorts
}

// galeraPorts are for group communication, and for transfers to a joining node: incremental (IST) or of all data (SST).
type galeraPorts struct{ group, ist, sst int }

// StartGalera starts a new, empty cluster and returns when all nodes are synced, in 10 to 20 s: the first node bootstraps,
// then the others copy its data one after the other.
func StartGalera(t Test) *Galera {
	t.Helper()
	g := new(Galera)
	var members []string
	for i := range g.Nodes {
		n := &GaleraNode{MariaDB: newMariaDB(t, fmt.Sprintf("db%d", i+1)), ports: galeraPorts{FreePort(), FreePort(), FreePort()}}
		n.check = n.synced
		g.Nodes[i], members = n, append(members, Loopback(n.ports.group))
	}
	for i, n := range g.Nodes {
		options, err := n.addresses(members)
		if err != nil {
			t.Fatalf("configure %s: %v", n.Name(), err)
		}
		n.command.Args = append(n.command.Args, options...)
		var first []string
		if i == 0 {
			first = []string{newCluster}
		}
		n.begin(t, first...)
	}
	return g
}

// newCluster makes a node bootstrap the cluster.
const newCluster = "--wsrep-new-cluster"

// addresses returns the options with the addresses of the node and its cluster. Galera's options are a single option of
// MariaDB, so those of the file are repeated.
func (n *GaleraNode) addresses(members []string) ([]string, error) {
	const providerOptions = "wsrep_provider_options"
	file, err := assignments(n.defaults())
	if err != nil {
		return nil, err
	}
	if file[providerOptions] == "" {
		return nil, errors.New("deploy/galera/galera.cnf has no " + providerOptions)
	}
	group := Loopback(n.ports.group)
	return []string{
		"--wsrep-cluster-address=gcomm://" + strings.Join(members, ","),
		"--wsrep-node-name=" + n.Name(),
		"--wsrep-node-address=" + group,
		"--wsrep-node-incoming-address=" + n.Address(),
		"--wsrep-sst-receive-address=" + Loopback(n.ports.sst),
		"--wsrep-provider-options=" + file[providerOptions] + ";gmcast.listen_addr=tcp://" + group + ";ist.recv_addr=" + Loopback(n.ports.ist),
	}, nil
}

func (n *GaleraNode) synced(ctx context.Context) error {
	var name, state string
	err := query(ctx, n.DSN(""), "SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'", &name, &state)
	if err == nil && state != "Synced" {
		err = errors.New("the state is " + state)
	}
	return err
}

// AwaitSynced returns when every node is a synced member of the whole cluster. A node that was frozen still reports that it is synced
// until it notices that the others have gone on without it; it then needs another node to catch up.
func (g *Galera) AwaitSynced(ctx context.Context) error {
	return Await(ctx, time.Minute, nil, func(ctx context.Context) error {
		for _, n := range g.Nodes {
			var name, size string
			if err := query(ctx, n.DSN(""), "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'", &name, &size); err != nil {
				return err
			}
			if size != strconv.Itoa(galeraNodes) {
				return fmt.Errorf("%s sees %s nodes", n.Name(), size)
			}
		}
		for _, n := range g.Nodes { // only now: the others see a node that was frozen after it has noticed
			if err := n.synced(ctx); err != nil {
				return fmt.Errorf("%s: %w", n.Name(), err)
			}
		}
		return nil
	})
}

// Start starts the node again after Kill or Stop, and returns when it is synced. After all nodes were killed, use
// Galera.Restart.
func (n *GaleraNode) Start() error {
	position, err := n.position()
	if err != nil {
		return err
	}
	return n.start(position...)
}

// Bootstrap starts the node as the first of the cluster after all were stopped, and returns when it accepts statements. The
// node's state file must allow it.
func (n *GaleraNode) Bootstrap() error { return n.start(newCluster) }

// position returns the option with the position of a node that crashed, so that it needs only an incremental transfer. It
// returns none for a node that did not crash.
func (n *GaleraNode) position() ([]string, error) {
	state, err := os.ReadFile(filepath.Join(n.Data(), "grastate.dat"))
	if errors.Is(err, os.ErrNotExist) { // it has never run
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", n.Name(), err)
	}
	if !strings.Contains(string(state), "seqno:   -1") {
		return nil, nil
	}
	c := exec.CommandContext(context.Background(), "mariadbd", append(n.local(), "--wsrep-recover")...)
	c.SysProcAttr = attributes(n.command.User)
	out, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("recover the position of %s: %w: %s", n.Name(), err, out)
	}
	_, found, recovered := strings.Cut(string(out), "WSREP: Recovered position: ")
	if !recovered {
		return nil, nil
	}
	position, _, _ := strings.Cut(found, "\n")
	return []string{"--wsrep-start-position=" + strings.TrimSpace(position)}, nil
}

// Restart starts nodes again after Kill or Stop, and returns when they are synced. If all nodes were killed, it must be
// called with all nodes.
func (g *Galera) Restart(nodes ...int) error {
	for _, i := range nodes {
		position, err := g.Nodes[i].position()
		if err != nil {
			return err
		}
		if err := g.Nodes[i].Launch(position...); err != nil {
			return err
		}
	}
	for _, i := range nodes {
		if err := g.Nodes[i].AwaitReady(); err != nil {
			return err
		}
	}
	return nil
}
