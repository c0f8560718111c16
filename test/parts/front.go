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

// Front is an HAProxy in front of API servers: requests go to each in turn whose /readyz answers 200. A request that
// could not be sent goes to another server; one that was sent and not answered within 10 s is answered with 504. One
// goroutine at a time may start, end and reload it. Like deploy/haproxy/api.cfg it says in X-Forwarded-For who the client
// is, whatever the client says.
type Front struct {
	address, file string
	servers       []string
	command       Command
	process       *Process
}

// StartFront starts a proxy on a free port and returns when a request gets through to one of the servers.
func StartFront(t Test, servers ...string) *Front {
	t.Helper()
	dir := Dir(t, "front")
	f := &Front{address: Loopback(FreePort()), file: filepath.Join(dir, "haproxy.cfg"), servers: servers}
	// -W: a master process that does nothing but reload; -db: both stay in the foreground.
	f.command = Command{Name: "front", Path: "haproxy", Dir: dir, Args: []string{"-W", "-db", "-f", f.file}}
	if err := os.WriteFile(f.file, []byte(f.config()), 0o644); err != nil {
		t.Fatalf("configure HAProxy: %v", err)
	}
	begin(t, &f.process, f.Start)
	return f
}

// URL is the API's base by way of the proxy.
func (f *Front) URL() string { return "http://" + f.address }

// Start starts the proxy again after Kill, on the same port, and returns when a request gets through.
func (f *Front) Start() (err error) {
	if f.process, err = StartProcess(f.command); err != nil {
		return err
	}
	return f.AwaitReady()
}

// AwaitReady returns when a request gets through.
func (f *Front) AwaitReady() error {
	a := API{f.process, f.address}
	if err := a.AwaitReady(30 * time.Second); err != nil {
		return fmt.Errorf("wait for HAProxy: %w\n%s", err, f.process.Tail())
	}
	return nil
}

// Reload has the proxy read its configuration again: another process takes over, and the old one ends its requests. It
// returns when the other process serves.
func (f *Front) Reload() error {
	before := f.loaded()
	err := Await(context.Background(), 10*time.Second, f.process.Gone(), func(ctx context.Context) error {
		if err := f.process.cmd.Process.Signal(sigusr2); err != nil { // the master's only
			return err
		}
		// Again when nothing comes of it: a master that has just reloaded loses signals.
		return Await(ctx, 2*time.Second, f.process.Gone(), func(context.Context) error {
			if f.loaded() == before {
				return errors.New("the other process is not ready")
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("reload HAProxy: %w\n%s", err, f.process.Tail())
	}
	return nil
}

// loaded counts the processes that HAProxy's master says it has made ready.
func (f *Front) loaded() int { return strings.Count(f.process.Log(), "Loading success.") }

// Kill ends the proxy as a crash does, and returns when it is gone.
func (f *Front) Kill() { f.process.Kill() }

// Process is the running proxy, or the one that ran last.
func (f *Front) Process() *Process { return f.process }

// config has no on-marked-down shutdown-sessions: a server that drains is no longer ready and still answers what it has.
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
