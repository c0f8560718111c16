// Package limit limits the requests of clients and the messages that they cause. Replicas with the same Redis or Valkey share
// their counts; without it, or while it does not answer, each replica counts separately. The shared store gets only keyed
// hashes, never an address or a number.
package limit

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Rate allows Max actions within any period of length Period. An action is a call that counts. The zero value is no limit.
type Rate struct {
	Max    int
	Period time.Duration
}

// Options are the settings of Limits. A limit has any number of rates, such as one for an hour and one for a day.
type Options struct {
	Clients  Clients
	Messages Messages
	SMS      SMS
	// Key returns a keyed hash of its parts, the same in every replica. Required.
	Key func(parts ...string) string
	// RedisURL is the store that all replicas share, as redis:// or rediss://. Empty: each process counts separately.
	RedisURL string
	// Logger gets a line when the shared store becomes unavailable and when it is available again, and the alarms of SMS.
	// nil: slog.Default().
	Logger *slog.Logger
}

// Limits counts actions and returns how long to wait. It never fails: if the shared store does not answer within 250 ms, the
// process's own counts decide. It is safe for concurrent use.
type Limits struct {
	Options
	store store
	close func() error
}

// store counts actions. An action is an id, counted in one or more slots.
type store interface {
	// take counts the action in all slots and returns the usage of each. If a slot is full, it counts in none. An action that
	// is already counted needs no room, so that it can be repeated.
	take(ctx context.Context, action string, slots []slot) ([]usage, error)
	// release removes the action from the slots.
	release(ctx context.Context, action string, slots []slot) error
	// forget removes all actions from the slots.
	forget(ctx context.Context, slots []slot) error
}

// slot has room for as many actions as its rate allows.
type slot struct {
	key        string
	rate       Rate
	readOnly   bool // the usage is read, but the action is not counted
	anyRequest bool // each request of a client counts, even one that is refused later
}

// usage is how full a slot is.
type usage struct {
	actions int           // in the last period, with the one that was taken
	wait    time.Duration // until there is room; 0 if there is
}

func anyFull(used []usage) bool { return longestWait(used) > 0 }

func longestWait(used []usage) (wait time.Duration) {
	for _, u := range used {
		wait = max(wait, u.wait)
	}
	return wait
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

// slots returns a slot for each rate of a limit. The kind and the name are what is counted. There are none for the name "".
func (l *Limits) slots(kind, name string, rates []Rate) []slot {
	var slots []slot
	for _, r := range rates {
		if r.Max > 0 && name != "" {
			key := "registrar:limit:" + kind + ":" + l.Key(kind, r.Period.String(), name)
			slots = append(slots, slot{key: key, rate: r})
		}
	}
	return slots
}

func readOnly(slots []slot) []slot {
	for i := range slots {
		slots[i].readOnly = true
	}
	return slots
}

// take returns the usage of each slot. If the store fails, all are empty: a failing limit must not refuse a registration.
func (l *Limits) take(ctx context.Context, action string, slots []slot) []usage {
	if len(slots) == 0 {
		return nil
	}
	used, err := l.store.take(ctx, action, slots)
	if err != nil {
		return make([]usage, len(slots))
	}
	return used
}
