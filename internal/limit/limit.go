// Package limit limits the requests of one client and the codes to one destination. Replicas with the same Redis or Valkey
// share their counts; without it, or while it does not answer, each replica counts separately. The shared store gets only
// keyed hashes, never an address or a number.
package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Rate allows Max actions within any period of length Period. An action is a call that counts. The zero value is no limit.
type Rate struct {
	Max    int
	Period time.Duration
}

// Options are the settings of Limits.
type Options struct {
	// Registrations limits a client's requests to register.
	Registrations Rate
	// Codes limits a client's requests to check a code or to send another one.
	Codes Rate
	// Destinations limits the registrations and requests for another code that send a message to one destination.
	Destinations Rate
	// Key returns a keyed hash of its parts, the same in every replica. Required.
	Key func(parts ...string) string
	// RedisURL is the store that all replicas share, as redis:// or rediss://. Empty: each process counts separately.
	RedisURL string
	// Logger gets a line when the shared store becomes unavailable and when it is available again. nil: slog.Default().
	Logger *slog.Logger
}

// Limits counts actions and returns how long to wait. It never fails: if the shared store does not answer within 250 ms, the
// process's own counts decide. It is safe for concurrent use.
type Limits struct {
	Options
	store store
	close func() error
}

// store counts actions. An action is an id, counted under one or more keys. Each key has room for as many actions as the rate
// allows.
type store interface {
	// take counts the action under all keys. If a key has no room, it counts under none and returns how long until all have
	// room. An action that is already counted needs no room, so that it can be repeated.
	take(ctx context.Context, r Rate, action string, keys []string) (wait time.Duration, err error)
	// release removes the action from the keys.
	release(ctx context.Context, action string, keys []string) error
}

// New returns Limits. It does not connect yet. The error means that the URL is invalid; it does not contain the URL.
func New(o Options) (*Limits, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	l := &Limits{Options: o, store: newMemory(maxActions, time.Now), close: func() error { return nil }}
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

// Close closes the connections to the shared store.
func (l *Limits) Close() error {
	if err := l.close(); err != nil {
		return fmt.Errorf("close the store of rate limits: %w", err)
	}
	return nil
}

// Registration counts a client's request to register. If the client is throttled, it counts nothing and returns how long
// to wait.
func (l *Limits) Registration(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return l.countClient(ctx, "registration", l.Registrations, client)
}

// Code counts a client's request to check a code or to send another one, as Registration does.
func (l *Limits) Code(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return l.countClient(ctx, "code", l.Codes, client)
}

// countClient counts nothing for a client without a valid address.
func (l *Limits) countClient(ctx context.Context, kind string, r Rate, client netip.Addr) time.Duration {
	if !client.IsValid() {
		return 0
	}
	return l.take(ctx, r, rand.Text(), l.keys(kind, network(client)))
}

// network returns the IPv4 address or the IPv6 /64 that is counted as one client: a customer has at least a /64 of IPv6
// (RFC 6177) and can use any address in it.
func network(client netip.Addr) string {
	client = client.Unmap()
	if client.Is4() {
		return client.String()
	}
	return netip.PrefixFrom(client.WithZone(""), 64).Masked().String()
}

// Destinations counts an action, by its id, for each destination that it sends a message to. If a destination is throttled,
// it counts for none and returns how long to wait. The same action counts once within the rate's period. Empty destinations
// are ignored.
func (l *Limits) Destinations(ctx context.Context, action string, destinations ...string) (wait time.Duration) {
	return l.take(ctx, l.Options.Destinations, action, l.keys("destination", destinations...))
}

// Release undoes what Destinations counted for an action that sent nothing.
func (l *Limits) Release(ctx context.Context, action string, destinations ...string) {
	keys := l.keys("destination", destinations...)
	if l.Options.Destinations.Max == 0 || len(keys) == 0 {
		return
	}
	_ = l.store.release(ctx, action, keys) // after an error the action counts until its period ends
}

func (l *Limits) take(ctx context.Context, r Rate, action string, keys []string) time.Duration {
	if r.Max == 0 || len(keys) == 0 {
		return 0
	}
	wait, err := l.store.take(ctx, r, action, keys)
	if err != nil { // a failing limit must not refuse a registration
		return 0
	}
	return wait
}

func (l *Limits) keys(kind string, names ...string) []string {
	var keys []string
	for _, name := range names {
		if name != "" {
			keys = append(keys, "registrar:limit:"+kind+":"+l.Key(kind, name))
		}
	}
	return keys
}
