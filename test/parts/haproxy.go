package parts

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// HAProxy is a load balancer for a Galera cluster with one writer, with the configuration of deploy/haproxy/database.cfg:
// statements reach the first node while it is synced, otherwise the next node that is. It is ready when they reach a node.
type HAProxy struct {
	Server

	galera *Galera
	port   int
}

// StartHAProxy starts a proxy and returns when statements reach the cluster.
func StartHAProxy(t Test, g *Galera) *HAProxy {
	t.Helper()
	if err := createCheckUser(t.Context(), g); err != nil {
		t.Fatalf("create the account of HAProxy's checks: %v", err)
	}
	h := &HAProxy{galera: g, port: FreePort()}
	h.command = haproxyCommand(t, "database", h.addresses())
	h.check = func(ctx context.Context) error {
		_, err := h.Writer(ctx)
		return err
	}
	h.begin(t)
	return h
}

func (h *HAProxy) addresses() Settings {
	s := Settings{"DATABASE_LISTEN": Loopback(h.port), "STATS_LISTEN": Loopback(FreePort())}
	for i, n := range h.galera.Nodes {
		s["DB"+strconv.Itoa(i+1)] = n.Address()
	}
	return s
}

// createCheckUser creates the account of deploy/galera/init.
func createCheckUser(ctx context.Context, g *Galera) error {
	path, err := deployed("galera", "init", "check.sql")
	if err != nil {
		return err
	}
	statement, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return g.Nodes[0].Exec(ctx, string(statement))
}

// haproxyCommand starts HAProxy with a configuration of deploy/haproxy. The addresses replace the ones that the file presets
// with presetenv. The options are those of HAProxy's image: a master process that reloads, both in the foreground.
func haproxyCommand(t Test, name string, addresses Settings) Command {
	t.Helper()
	config, err := deployed("haproxy", name+".cfg")
	if err != nil {
		t.Fatalf("%v", err)
	}
	return Command{
		Name: "haproxy-" + name, Path: "haproxy", Dir: Dir(t, "haproxy-"+name),
		Args: []string{"-W", "-db", "-f", config}, Env: append(addresses.Environ(), "PATH="+os.Getenv("PATH")), // a reload starts haproxy again
	}
}

// databaseTimeouts are those of DATABASE_DSN in docker-compose.yml.
const databaseTimeouts = "timeout=2s&readTimeout=10s&writeTimeout=10s"

// DSN returns the data source name of a database through the proxy, for DATABASE_DSN. An empty name means no database.
func (h *HAProxy) DSN(database string) string {
	return rootDSN(h.port, database) + "?" + databaseTimeouts
}

// Writer returns the node that new connections reach.
func (h *HAProxy) Writer(ctx context.Context) (int, error) {
	var port int
	if err := query(ctx, h.DSN(""), "SELECT @@port", &port); err != nil {
		return 0, err
	}
	for i, n := range h.galera.Nodes {
		if n.port == port {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the proxy connects to an unknown node on port %d", port)
}
