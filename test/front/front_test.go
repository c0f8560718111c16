//go:build ops

// Package front_test attacks the API through HAProxy with the shipped deploy/haproxy/api.cfg.
package front_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/message"
	"registrar/internal/secret"
	"registrar/test/parts"
	"registrar/workflows"
)

// system is HAProxy, with one API replica behind it that keeps nothing.
type system struct {
	address string
	checks  atomic.Int64 // of the engine, by /readyz

	mu       sync.Mutex
	arrivals []arrival
}

// arrival is a request that reached the replica.
type arrival struct {
	target    string
	forwarded []string // the values of X-Forwarded-For
}

// setup starts HAProxy. bindOptions are added to its line bind, and environ to its environment.
func setup(t *testing.T, bindOptions string, environ ...string) *system {
	t.Helper()
	s := &system{}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := api.NewHTTPServer("", s.record(newAPI(t, s)))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	s.startHAProxy(t, listener.Addr().String(), bindOptions, environ)
	return s
}

func newAPI(t *testing.T, s *system) http.Handler {
	t.Helper()
	text, err := secret.GeneratePRF()
	require.NoError(t, err)
	handle, err := secret.ParsePRF(text)
	require.NoError(t, err)
	keys, err := secret.NewKeyring(handle)
	require.NoError(t, err)
	cheap := secret.CheapParams()
	return api.New(api.Deps{
		Engine: &engine{checks: &s.checks}, Hasher: secret.NewHasher(secret.HasherOptions{Params: &cheap}), Keys: keys,
		Policy: workflows.DefaultPolicy(), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Logger: slog.New(slog.DiscardHandler),
	})
}

// startHAProxy starts HAProxy with the shipped file. Only its addresses are replaced.
func (s *system) startHAProxy(t *testing.T, replica, bindOptions string, environ []string) {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "deploy", "haproxy", "api.cfg"))
	require.NoError(t, err)
	config := string(shipped)
	s.address = parts.Loopback(parts.FreePort())
	stats := parts.Loopback(parts.FreePort())
	for was, is := range map[string]string{
		"bind :8080\n": "bind " + s.address + bindOptions + "\n",
		"bind :8089\n": "bind " + parts.Loopback(parts.FreePort()) + "\n",
		"bind :8404\n": "bind " + stats + "\n",

		"server-template api 8 api:8080\n":     "server api1 " + replica + "\n",
		"server-template codec 2 codec:8089\n": "server codec1 127.0.0.1:1 disabled\n",
	} {
		require.Equal(t, 1, strings.Count(config, was), was)
		config = strings.Replace(config, was, is, 1)
	}
	dir := parts.Dir(t, "haproxy")
	file := filepath.Join(dir, "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	process := parts.Start(t, parts.Command{
		Name: "haproxy", Path: "haproxy", Dir: dir, Args: []string{"-db", "-f", file}, Env: append(append(os.Environ(), "CODEC_TOKEN=secret"), environ...),
	})
	require.NoError(t, parts.Await(t.Context(), 10*time.Second, process.Gone(), func(context.Context) error {
		return s.ready(stats)
	}), process.Tail())
}

// ready returns nil when HAProxy sends requests to the replica.
func (s *system) ready(stats string) error {
	response, err := http.Get("http://" + stats + "/ready")
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// record keeps the target and X-Forwarded-For of every request but HAProxy's own checks, which have no X-Forwarded-For and
// the host api.
func (s *system) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "api" {
			s.mu.Lock()
			s.arrivals = append(s.arrivals, arrival{r.RequestURI, r.Header.Values("X-Forwarded-For")})
			s.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// arrived returns the requests so far.
func (s *system) arrived() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.arrivals)
}

// dial connects to HAProxy from an address of 127.0.0.0/8.
func (s *system) dial(from string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	return d.Dial("tcp", s.address)
}

// engine accepts every registration and keeps none.
type engine struct {
	api.Engine
	checks *atomic.Int64
}

func (*engine) Register(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
	return workflows.Persisted{Outcome: workflows.Outcome{
		Status: workflows.StatusPending, UserID: uuid.NewString(), Fingerprint: in.Fingerprint,
		Verification: workflows.Verification{Channel: message.ChannelEmail, Destination: "a•••@example.com"},
	}}, nil
}

func (e *engine) Ready(context.Context) error {
	e.checks.Add(1)
	return nil
}
