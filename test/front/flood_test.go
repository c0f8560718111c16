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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

// attack is a flood: many connections at a time from some addresses, each of which sends its requests and reads answers
// until it is closed.
type attack struct {
	name        string
	connections int
	addresses   int
	// send writes to a connection until it fails.
	send func(net.Conn) error
	// check looks at what the attackers got.
	check func(t *testing.T, got map[string]int, s *system)
}

const waitForClose = 12 * time.Second // longer than each timeout of HAProxy for idle clients

// run attacks from addresses of 127.network.0.0/16.
func (a attack) run(s *system, network int) *outcomes {
	got := &outcomes{count: map[string]int{}}
	var all sync.WaitGroup
	for i := range a.connections {
		all.Go(func() {
			conn, err := s.dial(fmt.Sprintf("127.%d.%d.1", network, i%a.addresses))
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
		got.add(fmt.Sprint(response.StatusCode))
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

func nothing(net.Conn) error { return nil }

// text sends a text n times.
func text(request string, n int) func(net.Conn) error {
	return func(conn net.Conn) error {
		_, err := conn.Write([]byte(strings.Repeat(request, n)))
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
	begin    = "POST /v1/registrations HTTP/1.1\r\nHost: a\r\n"
	get      = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
	getReady = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"
)

func attacks() []attack {
	only := func(outcomes ...string) func(*testing.T, map[string]int, *system) {
		return func(t *testing.T, got map[string]int, _ *system) {
			t.Helper()
			require.Subset(t, outcomes, slices.Collect(maps.Keys(got)))
		}
	}
	compressed := bomb()
	return []attack{
		{"4,300 connections of one client send nothing", 4300, 1, nothing, func(t *testing.T, got map[string]int, _ *system) {
			require.Equal(t, 4200, got["closed"], "the limit of a client")
			require.Equal(t, 100, got["408"])
		}},
		{"4,300 connections of 43 clients send nothing", 4300, 43, nothing, only("408")},
		{"slow headers", 1000, 10, drip(begin, "X-A: b\r\n"), only("408")},
		{"slow body", 1000, 10, drip(begin+"Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n", "{"), only("408")},
		{"slow chunks", 1000, 10, drip(begin+"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n{\r\n"), only("408")},
		{"one header of 1 MB", 200, 10, text(begin+"X-A: "+strings.Repeat("b", 1<<20)+"\r\n\r\n", 1), only("400", "closed")},
		{"1,000 headers", 200, 10, text(begin+strings.Repeat("X-A: b\r\n", 1000)+"\r\n", 1), only("400")},
		{"a target of 15,000 bytes", 200, 10, text("GET /"+strings.Repeat("a", 15000)+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 1), only("400", "404")},
		{"10 MB compressed to 10 KB", 500, 10, text(fmt.Sprintf("%sConnection: close\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", begin, len(compressed), compressed), 1), only("415")},
		{"a body of 1 GB", 200, 10, text(begin+"Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"+strings.Repeat("a", 1<<20), 1), only("413", "closed")},
		{"10,000 requests of one client", 50, 1, text(get, 200), func(t *testing.T, got map[string]int, _ *system) {
			require.LessOrEqual(t, got["200"], 300, "the limit of a client")
			require.Positive(t, got["429"])
		}},
		{"2,500 requests for /readyz of 10 clients", 100, 10, text(getReady, 25), func(t *testing.T, got map[string]int, s *system) {
			require.Equal(t, map[string]int{"200": 2500}, got)
			require.Less(t, s.checks.Load(), int64(150), "the result is cached for a second")
		}},
	}
}

// TestFloods reports what attackers got while users register.
func TestFloods(t *testing.T) {
	s := setup(t)
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
