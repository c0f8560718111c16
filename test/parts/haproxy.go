package parts

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// HAProxy is a load balancer for a Galera cluster with one writer: node 0 while it is synced, otherwise the first other
// node that is synced. It closes connections to a node that is no longer synced.
type HAProxy struct {
	galera  *Galera
	port    int
	command Command
	process *Process
}

// StartHAProxy starts a proxy and returns when statements reach the cluster.
func StartHAProxy(t Test, g *Galera) *HAProxy {
	t.Helper()
	if err := g.Exec(t.Context(), 0, "CREATE USER IF NOT EXISTS '"+checkUser+"'@'%'"); err != nil {
		t.Fatalf("create the account of HAProxy's checks: %v", err)
	}
	h := &HAProxy{galera: g, port: FreePort()}
	dir := Dir(t, "haproxy")
	config := filepath.Join(dir, "haproxy.cfg")
	h.command = Command{Name: "haproxy", Path: "haproxy", Dir: dir, Args: []string{"-db", "-f", config}}
	if err := os.WriteFile(config, []byte(h.config()), 0o644); err != nil {
		t.Fatalf("configure HAProxy: %v", err)
	}
	if err := h.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { h.process.end(t) })
	return h
}

// Start restarts the proxy after Kill, on the same port, and returns when statements reach the cluster.
func (h *HAProxy) Start() (err error) {
	if h.process, err = StartProcess(h.command); err != nil {
		return err
	}
	err = Await(context.Background(), 30*time.Second, h.process.Gone(), func(ctx context.Context) error {
		_, err := h.Writer(ctx)
		return err
	})
	if err != nil {
		h.process.Kill()
		return fmt.Errorf("start HAProxy: %w\n%s", err, h.process.Tail())
	}
	return nil
}

// Kill kills the proxy, as in a crash, and returns when it has ended.
func (h *HAProxy) Kill() { h.process.Kill() }

// Process returns the running or last proxy process.
func (h *HAProxy) Process() *Process { return h.process }

// DSN returns the data source name of a database through the proxy, for DATABASE_DSN. An empty name means no database.
func (h *HAProxy) DSN(database string) string { return rootDSN(h.port, database) }

// Writer returns the node that new connections reach.
func (h *HAProxy) Writer(ctx context.Context) (int, error) {
	var port int
	if err := query(ctx, h.DSN(""), "SELECT @@port", &port); err != nil {
		return 0, err
	}
	for i, n := range h.galera.nodes {
		if n.port == port {
			return i, nil
		}
	}
	return 0, errors.New("the proxy connects to an unknown node on port " + strconv.Itoa(port))
}

// config makes the checks log in and read whether the node is synced, because a node outside of the majority still answers
// pings.
func (h *HAProxy) config() string {
	var servers strings.Builder
	for i, n := range h.galera.nodes {
		fmt.Fprintf(&servers, "    server %s %s check", n.name, Loopback(n.port))
		if i > 0 {
			servers.WriteString(" backup")
		}
		servers.WriteString("\n")
	}
	return fmt.Sprintf(`global
    maxconn 2000
defaults
    mode tcp
    timeout connect 1s
    timeout client 10m
    timeout server 10m
    timeout check 1s
listen writer
    bind %s
    option tcp-check
    tcp-check connect
    tcp-check expect string mysql_native_password
    tcp-check send-binary %s
    tcp-check expect rbinary 0700000200000002
    tcp-check send-binary %s
    tcp-check expect string Synced
    default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
%s`, Loopback(h.port), packet(1, login()), packet(0, "\x03SHOW STATUS LIKE 'wsrep_local_state_comment'"), servers.String())
}

// checkUser is the account of the checks. It has no password and no privileges.
const checkUser = "check"

// login returns the payload of a handshake response (https://mariadb.com/kb/en/connection/) of checkUser: capabilities
// (long password, protocol 4.1, transactions, secure connection, plugin authentication), maximum packet size, character
// set, 23 reserved bytes, user, empty password, plugin.
func login() string {
	return "\x01\xa2\x08\x00" + "\xff\xff\xff\x00" + "\x21" + strings.Repeat("\x00", 23) + checkUser + "\x00" + "\x00" +
		"mysql_native_password\x00"
}

// packet returns a packet of the MySQL protocol in hexadecimal. The payload must be shorter than 256 bytes.
func packet(sequence byte, payload string) string {
	return hex.EncodeToString(append([]byte{byte(len(payload)), 0, 0, sequence}, payload...))
}
