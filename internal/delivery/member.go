package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"registrar/internal/httpclient"
	"registrar/internal/message"
	"registrar/internal/span"
)

const (
	// failuresToOpen consecutive failures open a circuit breaker. A provider that loses one message in ten keeps it closed.
	failuresToOpen = 5
	// breakerTimeout is how long a breaker stays open before one message tries the provider again.
	breakerTimeout = 10 * time.Second
	// maxBackoff bounds how long one Retry-After keeps every message from a provider: a maintenance page may announce a
	// day and be gone in minutes. The message that got the answer still waits for the whole time.
	maxBackoff = 10 * time.Minute
)

// member is a provider with its circuit breaker and backoff.
type member struct {
	Provider
	breaker       *gobreaker.CircuitBreaker[struct{}]
	misconfigured atomic.Bool // the provider was misconfigured since the breaker last changed

	mu           sync.Mutex
	backoffUntil time.Time // from the provider's Retry-After
}

// The errors for the circuit breaker.
var (
	errFailed  = errors.New("failed")
	errNeutral = errors.New("not a sign of the provider's health")
)

// newMember returns a member for one kind of messages, which its log lines name.
func newMember(p Provider, messages string, o Options) *member {
	m := &member{Provider: p}
	circuitChanged := func(open bool) {
		if o.Observer != nil {
			o.Observer.CircuitChanged(p.Name, messages, open)
		}
	}
	logger := o.Logger.With("of", messages)
	m.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:    p.Name,
		Timeout: breakerTimeout,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= failuresToOpen || m.misconfigured.Load()
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			m.misconfigured.Store(false)
			circuitChanged(to != gobreaker.StateClosed)
			level := slog.LevelInfo
			if to == gobreaker.StateOpen {
				level = slog.LevelWarn
			}
			logger.Log(context.Background(), level, "circuit breaker of a provider changed", "provider", name, "from", from.String(), "to", to.String())
		},
	})
	circuitChanged(false)
	return m
}

// sendGuarded calls the provider unless its breaker is open, or half-open with a call in progress; then asked is false.
func (m *member) sendGuarded(ctx context.Context, send sendFunc) (refusal *message.Error, asked bool) {
	_, _ = m.breaker.Execute(func() (struct{}, error) {
		asked = true
		refusal = m.send(ctx, send)
		return struct{}{}, m.breakerError(ctx, refusal)
	})
	return refusal, asked
}

// send calls the provider and stores its Retry-After.
func (m *member) send(ctx context.Context, send sendFunc) *message.Error {
	ctx, call := span.Start(ctx, "send: "+m.Name, span.KeyProvider.String(m.Name))
	defer call.End()
	err := send(ctx, m.Provider)
	if err == nil {
		return nil
	}
	refusal := refusalOf(m.Name, err)
	span.Fail(call, refusal.Code)
	if refusal.RetryAfter > 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		if until := time.Now().Add(min(refusal.RetryAfter, maxBackoff)); until.After(m.backoffUntil) {
			m.backoffUntil = until
		}
	}
	return refusal
}

// backoff returns how long the provider must not be called, 0 if it may be.
func (m *member) backoff() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(time.Until(m.backoffUntil), 0)
}

// breakerError is the result of a call for the circuit breaker: nil if the provider works, which includes refusing a
// destination; errNeutral for a pause, a backoff or a cancelled caller; otherwise errFailed.
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

// refusalOf returns a provider's error as a *message.Error. Of any other error it keeps only the kind: the text may
// contain personal data.
func refusalOf(provider string, err error) *message.Error {
	if refusal, ok := errors.AsType[*message.Error](err); ok {
		return refusal
	}
	return httpclient.NoAnswer(provider, err)
}
