package failover

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"registrar/internal/message"
	"registrar/internal/transport"
)

const (
	// failuresToOpen open a breaker. A provider that loses one message in ten keeps its place.
	failuresToOpen = 5
	// breakerTimeout is how long a provider is left out before one message tries it.
	breakerTimeout = 10 * time.Second
	// maxBackoff bounds how long one answer keeps every message from a provider: a maintenance page may promise a day and
	// be gone in minutes. The message that got the answer waits as long as it says.
	maxBackoff = 10 * time.Minute
)

// member is a provider with what the chain knows of its health.
type member struct {
	Provider
	breaker       *gobreaker.CircuitBreaker[struct{}]
	misconfigured atomic.Bool // said so since the breaker last changed

	mu           sync.Mutex
	backoffUntil time.Time // as the provider's Retry-After said
}

// The breaker is told only what counts.
var (
	errFailed  = errors.New("failed")
	errNeutral = errors.New("says nothing about the provider")
)

func newMember(p Provider, logger *slog.Logger) *member {
	m := &member{Provider: p}
	m.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:    p.Name,
		Timeout: breakerTimeout,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= failuresToOpen || m.misconfigured.Load()
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			m.misconfigured.Store(false)
			level := slog.LevelInfo
			if to == gobreaker.StateOpen {
				level = slog.LevelWarn
			}
			logger.Log(context.Background(), level, "breaker of a provider", "provider", name, "from", from.String(), "to", to.String())
		},
	})
	return m
}

// tryGuarded tries the provider unless its breaker is open, or half-open and busy with a probe; asked is false then.
func (m *member) tryGuarded(ctx context.Context, call call) (refusal *message.Error, asked bool) {
	_, _ = m.breaker.Execute(func() (struct{}, error) {
		asked = true
		refusal = m.try(ctx, call)
		return struct{}{}, m.breakerError(ctx, refusal)
	})
	return refusal, asked
}

// try asks the provider, and remembers when it wants to be asked again.
func (m *member) try(ctx context.Context, call call) *message.Error {
	err := call(ctx, m.Provider)
	if err == nil {
		return nil
	}
	refusal := refusalOf(m.Name, err)
	if refusal.RetryAfter > 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		if until := time.Now().Add(min(refusal.RetryAfter, maxBackoff)); until.After(m.backoffUntil) {
			m.backoffUntil = until
		}
	}
	return refusal
}

// backoff is how much longer the provider wants to be left alone.
func (m *member) backoff() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(time.Until(m.backoffUntil), 0)
}

// breakerError is what a try says about the provider's health. To refuse a destination is to be in good health; a caller
// that went away and a pause say nothing.
func (m *member) breakerError(ctx context.Context, refusal *message.Error) error {
	switch {
	case refusal == nil, refusal.Failure == message.Rejected:
		return nil
	case !refusal.Asked(), errors.Is(ctx.Err(), context.Canceled):
		return errNeutral
	case refusal.Failure == message.Misconfigured:
		m.misconfigured.Store(true)
	}
	return errFailed
}

// refusalOf is a provider's error. Of one that is no message.Error only the kind is kept: it may hold personal data.
func refusalOf(provider string, err error) *message.Error {
	if refusal, ok := errors.AsType[*message.Error](err); ok {
		return refusal
	}
	return transport.NoAnswer(provider, err)
}
