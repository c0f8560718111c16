// Package limit bounds what one client may ask for, and how many codes are sent to one destination. Replicas that are
// given the same Redis or Valkey count together; without one, or while it does not answer, each counts for itself. What
// reaches the store are keyed hashes: no address and no number.
package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Rate allows an act so often within any period of that length. The zero value is no limit.
type Rate struct {
	Most   int
	Period time.Duration
}

// Options say what is limited.
type Options struct {
	// Registrations bounds a client's requests to register.
	Registrations Rate
	// Codes bounds a client's requests to check a code, or to send another one.
	Codes Rate
	// Destinations bounds the registrations, and the requests for another code, that send something to one destination.
	Destinations Rate
	// Key returns a keyed hash of its parts, the same in every replica. Required.
	Key func(parts ...string) string
	// RedisURL is the store that all replicas share, as redis:// or rediss://. Empty: each process counts for itself.
	RedisURL string
	// Logger is told when the shared store goes away and comes back. nil: slog.Default().
	Logger *slog.Logger
}

// Limits counts, and says who has to wait. It never fails: whatever happens to the shared store, there is an answer within
// a quarter of a second. It is safe for concurrent use.
type Limits struct {
	Options
	store store
	close func() error
}

// store notes acts. An act is an id under keys; the rate says how many acts a key has room for.
type store interface {
	// take notes the act under all keys, or under none when one has no room: then it returns how long until all have. An
	// act that is noted already needs no room, so that it can be repeated.
	take(ctx context.Context, r Rate, act string, keys []string) (wait time.Duration, err error)
	// release takes a note back.
	release(ctx context.Context, act string, keys []string) error
}

// New returns Limits. It connects to nothing yet; the error is about the URL, and does not show it.
func New(o Options) (*Limits, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	l := &Limits{Options: o, store: newMemory(maxActs, time.Now), close: func() error { return nil }}
	if o.RedisURL == "" {
		return l, nil
	}
	shared, err := newRedis(o.RedisURL)
	if err != nil {
		return nil, err
	}
	l.store, l.close = newFallback(shared, l.store, o.Logger), shared.pool.Close
	return l, nil
}

// Close ends the connections.
func (l *Limits) Close() error {
	if err := l.close(); err != nil {
		return fmt.Errorf("close the store of limits: %w", err)
	}
	return nil
}

// Registration counts a client's request to register, unless the client has to wait first.
func (l *Limits) Registration(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return l.countClient(ctx, "registration", l.Registrations, client)
}

// Code counts a client's request that has to do with a code, unless the client has to wait first.
func (l *Limits) Code(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return l.countClient(ctx, "code", l.Codes, client)
}

// countClient knows no client without an address.
func (l *Limits) countClient(ctx context.Context, kind string, r Rate, client netip.Addr) time.Duration {
	if !client.IsValid() {
		return 0
	}
	return l.take(ctx, r, rand.Text(), l.keys(kind, network(client)))
}

// network is whom an address belongs to: of IPv6 a customer has at least a /64 (RFC 6177), and can use any address of it.
func network(client netip.Addr) string {
	client = client.Unmap()
	if client.Is4() {
		return client.String()
	}
	return netip.PrefixFrom(client.WithZone(""), 64).Masked().String()
}

// Destinations counts an act, by its id, for each destination that it sends something to, or for none of them when
// somebody has to wait first. The same act is counted once within the rate's period. Empty destinations do not count.
func (l *Limits) Destinations(ctx context.Context, act string, destinations ...string) (wait time.Duration) {
	return l.take(ctx, l.Options.Destinations, act, l.keys("destination", destinations...))
}

// Release takes back what Destinations has counted for an act that has sent nothing.
func (l *Limits) Release(ctx context.Context, act string, destinations ...string) {
	keys := l.keys("destination", destinations...)
	if l.Options.Destinations.Most == 0 || len(keys) == 0 {
		return
	}
	_ = l.store.release(ctx, act, keys) // a count too many, for a period
}

func (l *Limits) take(ctx context.Context, r Rate, act string, keys []string) time.Duration {
	if r.Most == 0 || len(keys) == 0 {
		return 0
	}
	wait, err := l.store.take(ctx, r, act, keys)
	if err != nil { // a limit is not worth a registration
		return 0
	}
	return wait
}

func (l *Limits) keys(kind string, whom ...string) []string {
	var keys []string
	for _, who := range whom {
		if who != "" {
			keys = append(keys, "registrar:limit:"+kind+":"+l.Key(kind, who))
		}
	}
	return keys
}
