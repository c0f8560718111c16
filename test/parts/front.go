package parts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Front is an HAProxy as load balancer for API servers: round robin over the servers whose /readyz answers 200. A request
// that could not be sent goes to another server; a request without an answer after 10 s gets 504. Like
// deploy/haproxy/api.cfg, it replaces X-Forwarded-For by the address of the client. Only one goroutine at a time may start,
// stop and reload it.
type Front struct {
	address, file string
	servers       []string
	command       Command
	process       *Process
}

// StartFront starts a proxy on a free port and returns when a request reaches a server.
func StartFront(t Test, servers ...string) *Front {
	t.Helper()
	dir := Dir(t, "front")
	f := &Front{address: Loopback(FreePort()), file: filepath.Join(dir, "haproxy.cfg"), servers: servers}
	// -W: with a master process that only reloads; -db: both processes stay in the foreground.
	f.command = Command{Name: "front", Path: "haproxy", Dir: dir, Args: []string{"-W", "-db", "-f", f.file}}
	if err := os.WriteFile(f.file, []byte(f.config()), 0o644); err != nil {
		t.Fatalf("configure HAProxy: %v", err)
	}
	begin(t, &f.process, f.Start)
	return f
}

// URL returns the base URL of the API through the proxy.
func (f *Front) URL() string { return "http://" + f.address }

// Start restarts the proxy after Kill, on the same port, and returns when a request reaches a server.
func (f *Front) Start() (err error) {
	if f.process, err = StartProcess(f.command); err != nil {
		return err
	}
	return f.AwaitReady()
}

// AwaitReady returns when a request reaches a server.
func (f *Front) AwaitReady() error {
	a := API{f.process, f.address}
	if err := a.AwaitReady(30 * time.Second); err != nil {
		return fmt.Errorf("wait for HAProxy: %w\n%s", err, f.process.Tail())
	}
	return nil
}

// Reload makes the proxy reload its configuration: a new process takes over, and the old one finishes its requests. It
// returns when the new process serves.
func (f *Front) Reload() error {
	before := f.loaded()
	err := Await(context.Background(), 10*time.Second, f.process.Gone(), func(ctx context.Context) error {
		if err := f.process.cmd.Process.Signal(sigusr2); err != nil { // to the master only
			return err
		}
		// Retried if it has no effect: a master that has just reloaded loses signals.
		return Await(ctx, 2*time.Second, f.process.Gone(), func(context.Context) error {
			if f.loaded() == before {
				return errors.New("the new process is not ready")
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("reload HAProxy: %w\n%s", err, f.process.Tail())
	}
	return nil
}

// loaded returns the number of processes that HAProxy's master has logged as ready.
func (f *Front) loaded() int { return strings.Count(f.process.Log(), "Loading success.") }

// Kill kills the proxy, as in a crash, and returns when it has ended.
func (f *Front) Kill() { f.process.Kill() }

// Process returns the running or last proxy process.
func (f *Front) Process() *Process { return f.process }

// config omits on-marked-down shutdown-sessions, because a draining server is not ready but still answers its requests.
func (f *Front) config() string {
	var servers strings.Builder
	for i, address := range f.servers {
		fmt.Fprintf(&servers, "    server api%d %s check\n", i, address)
	}
	return fmt.Sprintf(`global
    maxconn 4000
    stats socket %[1]s mode 600 level admin expose-fd listeners
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 10s
    timeout check 2s
    retries 3
    option redispatch 1
listen api
    bind %[2]s
    http-request set-header X-Forwarded-For %%[src]
    balance roundrobin
    option httpchk %[3]s /readyz
    http-check expect status 200
    default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 2
%[4]s`, f.stats(), f.address, http.MethodGet, servers.String())
}
