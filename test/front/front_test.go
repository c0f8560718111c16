//go:build ops

// Package front_test attacks the API through HAProxy with the shipped deploy/haproxy/api.cfg.
package front_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
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

// noAddress is the default of UNLIMITED_CLIENTS, an address that no client has.
const noAddress = "255.255.255.255"

// setup starts HAProxy with the shipped file. bindOptions are added to its line bind.
func setup(t *testing.T, bindOptions, unlimited string) *system {
	t.Helper()
	s := &system{}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := api.NewHTTPServer("", s.record(newAPI(t, s)))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	s.address = parts.Loopback(parts.FreePort())
	parts.StartFrontWith(t, parts.Settings{"API_LISTEN": s.address + bindOptions, "UNLIMITED_CLIENTS": unlimited}, listener.Addr().String())
	return s
}

func newAPI(t *testing.T, s *system, changes ...func(*api.Deps)) http.Handler {
	t.Helper()
	text, err := secret.GeneratePRF()
	require.NoError(t, err)
	handle, err := secret.ParsePRF(text)
	require.NoError(t, err)
	keys, err := secret.NewKeyring(handle)
	require.NoError(t, err)
	cheap := secret.CheapParams()
	deps := api.Deps{
		Engine: &engine{checks: &s.checks}, Hasher: secret.NewHasher(secret.HasherOptions{Params: &cheap}), Keys: keys,
		Policy: workflows.DefaultPolicy(), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(&deps)
	}
	return api.New(deps)
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
