package parts

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Front is the load balancer for API servers, with the configuration of deploy/haproxy/api.cfg. It finds the servers by their
// DNS name, as in Docker. It is ready when it sends requests to all servers.
type Front struct {
	Server

	address, stats string
	servers        int
}

// frontName is the DNS name of the API servers.
const frontName = "api.test"

// StartFront starts a proxy for servers with the same port on different hosts (Addresses), and returns when it sends requests
// to all of them. Clients on 127.0.0.1 have no limits.
func StartFront(t Test, servers ...string) *Front {
	t.Helper()
	return StartFrontWith(t, nil, servers...)
}

// StartFrontWith is like StartFront, with other values of variables that the configuration presets.
func StartFrontWith(t Test, settings Settings, servers ...string) *Front {
	t.Helper()
	f := &Front{address: Loopback(FreePort()), stats: Loopback(FreePort()), servers: len(servers)}
	var hosts []netip.Addr
	var port uint16
	for _, server := range servers {
		address, err := netip.ParseAddrPort(server)
		if err != nil || port != 0 && address.Port() != port {
			t.Fatalf("HAProxy needs API servers with one port on several hosts, not %v", servers)
		}
		hosts, port = append(hosts, address.Addr()), address.Port()
	}
	s := f.addresses(startNames(t, frontName, hosts...), hosts[0], port)
	maps.Copy(s, settings)
	f.command = haproxyCommand(t, "api", s)
	f.check = f.sendsToAll
	f.begin(t)
	return f
}

// addresses returns the proxy's addresses, and those of API servers on a port. first is the host of one of them.
func (f *Front) addresses(names string, first netip.Addr, port uint16) Settings {
	return Settings{
		"API_LISTEN": f.address, "STATS_LISTEN": f.stats,
		"DNS_SERVER": names, "API_SERVERS": fmt.Sprintf("%s:%d", frontName, port), "FIRST_ADDRESS": first.String(),
		"UNLIMITED_CLIENTS": "127.0.0.1",
	}
}

// Addresses returns n free addresses with the same port on different loopback hosts.
func Addresses(n int) []string {
	port := FreePort()
	var all []string
	for i := range n {
		all = append(all, netip.AddrPortFrom(loopbackHost(i), uint16(port)).String())
	}
	return all
}

// loopbackHost returns 127.0.0.1 for 0, 127.0.0.2 for 1, and so on.
func loopbackHost(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}) }

// URL returns the base URL of the API through the proxy.
func (f *Front) URL() string { return "http://" + f.address }

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

func (f *Front) sendsToAll(ctx context.Context) error {
	up, err := f.up(ctx)
	if err == nil && up != f.servers { // more until the first DNS answer: then all slots have the first address
		err = fmt.Errorf("HAProxy has %d servers up, not %d", up, f.servers)
	}
	return err
}

// up returns the number of servers that get requests (docs.haproxy.org, management guide, "CSV format").
func (f *Front) up(ctx context.Context) (n int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.stats+"/;csv", nil)
	if err != nil {
		return 0, err
	}
	answer, err := statsClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	rows, err := csv.NewReader(answer.Body).ReadAll()
	if err != nil {
		return 0, err
	}
	const backend, server, status = 0, 1, 17
	for _, row := range rows {
		if row[backend] == "api" && strings.HasPrefix(row[server], "api") && strings.HasPrefix(row[status], "UP") {
			n++
		}
	}
	return n, nil
}

// statsClient uses a new connection for each request, because a reloaded proxy closes the old ones.
var statsClient = &http.Client{
	Timeout:   checkTimeout,
	Transport: &http.Transport{DisableKeepAlives: true, DialContext: new(net.Dialer).DialContext},
}

// Metrics returns the address at which Prometheus reads the proxy's metrics.
func (f *Front) Metrics() string { return f.stats }
