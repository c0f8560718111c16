//go:build ops

package front_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
)

// outcomes counts what attackers got.
type outcomes struct {
	mu    sync.Mutex
	count map[string]int
}

func (o *outcomes) add(outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count[outcome]++
}

func (o *outcomes) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(o.count)) {
		all = append(all, fmt.Sprintf("%s ×%d", name, o.count[name]))
	}
	return strings.Join(all, ", ")
}

// attack is a flood: many connections at a time of some clients, each of which sends its requests and reads answers
// until it is closed.
type attack struct {
	name        string
	connections int
	clients     int
	oneNetwork  bool // the clients' addresses are in one /24
	// send writes to a connection until it fails.
	send func(net.Conn) error
	// check requires what the attackers got.
	check func(t *testing.T, got map[string]int, s *system)
}

const waitForClose = 12 * time.Second // longer than each timeout of HAProxy for idle clients

// run attacks from addresses of 127.network.0.0/16.
func (a attack) run(s *system, network int) *outcomes {
	got := &outcomes{count: map[string]int{}}
	var all sync.WaitGroup
	for i := range a.connections {
		all.Go(func() {
			from := fmt.Sprintf("127.%d.%d.1", network, i%a.clients)
			if a.oneNetwork {
				from = fmt.Sprintf("127.%d.0.%d", network, 1+i%a.clients)
			}
			conn, err := s.dial(from)
			if err != nil { // HAProxy closed the connection while the system call was running
				got.add("closed")
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(waitForClose))
			sending := make(chan struct{})
			go func() { defer close(sending); _ = a.send(conn) }()
			readAnswers(conn, got)
			_ = conn.Close()
			<-sending
		})
	}
	all.Wait()
	return got
}

// readAnswers counts answers until the connection is closed.
func readAnswers(conn net.Conn, got *outcomes) {
	in, answered := bufio.NewReader(conn), false
	for {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				got.add("left open")
			case !answered:
				got.add("closed")
			}
			return
		}
		answered = true
		got.add(strconv.Itoa(response.StatusCode))
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

func nothing(net.Conn) error { return nil }

func text(s string) func(net.Conn) error {
	return func(conn net.Conn) error {
		_, err := conn.Write([]byte(s))
		return err
	}
}

// drip sends a text and then a piece every 300 ms.
func drip(begin, piece string) func(net.Conn) error {
	return func(conn net.Conn) error {
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		_, err := conn.Write([]byte(begin))
		for err == nil {
			<-tick.C
			_, err = conn.Write([]byte(piece))
		}
		return err
	}
}

func bomb() string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(make([]byte, 10<<20))
	_ = w.Close()
	return out.String()
}

const (
	begin = "POST /v1/registrations HTTP/1.1\r\nHost: a\r\n"
	typed = begin + "Content-Type: application/json\r\n"
	last  = "Connection: close\r\n"
)

// requests are n GET requests over one connection.
func requests(target string, n int) string {
	get := "GET " + target + " HTTP/1.1\r\nHost: a\r\n"
	return strings.Repeat(get+"\r\n", n-1) + get + last + "\r\n"
}

func attacks() []attack {
	only := func(outcomes ...string) func(*testing.T, map[string]int, *system) {
		return func(t *testing.T, got map[string]int, _ *system) {
			t.Helper()
			require.Subset(t, outcomes, slices.Collect(maps.Keys(got)))
		}
	}
	counts := func(want map[string]int) func(*testing.T, map[string]int, *system) {
		return func(t *testing.T, got map[string]int, _ *system) {
			t.Helper()
			require.Equal(t, want, got)
		}
	}
	compressed := bomb()
	return []attack{
		{name: "4,300 connections of one client that send nothing", connections: 4300, clients: 1,
			send: nothing, check: counts(map[string]int{"408": 100, "closed": 4200})},
		{name: "4,300 connections of 43 clients that send nothing", connections: 4300, clients: 43,
			send: nothing, check: counts(map[string]int{"408": 4300})},
		{name: "1,500 connections of one network that send nothing", connections: 1500, clients: 100, oneNetwork: true,
			send: nothing, check: counts(map[string]int{"408": 999, "closed": 501})},
		{name: "slow headers", connections: 1000, clients: 10,
			send: drip(begin, "X-A: b\r\n"), check: only("408")},
		{name: "slow body", connections: 1000, clients: 10,
			send: drip(typed+"Content-Length: 9999\r\n\r\n", "{"), check: only("408")},
		{name: "slow chunks", connections: 1000, clients: 10,
			send: drip(typed+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n{\r\n"), check: only("408")},
		{name: "a header of 1 MB", connections: 200, clients: 10,
			send: text(begin + "X-A: " + strings.Repeat("b", 1<<20) + "\r\n\r\n"), check: only("400", "closed")},
		{name: "1,000 headers", connections: 200, clients: 10,
			send: text(begin + strings.Repeat("X-A: b\r\n", 1000) + "\r\n"), check: only("400", "closed")},
		{name: "a target of 15,000 bytes", connections: 200, clients: 10,
			send: text(requests("/"+strings.Repeat("a", 15000), 1)), check: only("400", "404")},
		{name: "10 MB compressed to 10 KB", connections: 500, clients: 10,
			send:  text(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n%s\r\n%s", typed, len(compressed), last, compressed)),
			check: only("415")},
		{name: "a body of 1 GB", connections: 200, clients: 10,
			send: text(typed + "Content-Length: 1000000000\r\n\r\n" + strings.Repeat("a", 1<<20)), check: only("413", "closed")},
		{name: "10,000 requests of one client", connections: 50, clients: 1,
			send: text(requests("/healthz", 200)), check: counts(map[string]int{"200": 300, "429": 9700})},
		{name: "4,000 delivery reports of one client", connections: 50, clients: 1,
			send: text(requests(api.MailgunWebhookPath, 80)), check: counts(map[string]int{"404": 2999, "429": 1001})},
		{name: "2,500 requests for /readyz of 10 clients", connections: 100, clients: 10,
			send: text(requests("/readyz", 25)), check: func(t *testing.T, got map[string]int, s *system) {
				require.Equal(t, map[string]int{"200": 2500}, got)
				require.Less(t, s.checks.Load(), int64(150), "a result counts for a second")
			}},
	}
}

// TestFloods reports what attackers got while users register.
func TestFloods(t *testing.T) {
	s := setup(t, "")
	t.Logf("no attack: %s", s.startUsers(t).stop(t))
	for i, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			others := s.startUsers(t)
			got := a.run(s, 1+i)
			t.Logf("%s: attackers got %s; %s", a.name, got, others.stop(t))
			a.check(t, got.count, s)
		})
	}
}
