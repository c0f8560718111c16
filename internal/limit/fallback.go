package limit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// storeTimeout is how long one request waits for the shared store, some hundred times its usual duration.
	storeTimeout = 250 * time.Millisecond
	// failuresToOpen consecutive failures open the circuit breaker; then no request waits for the shared store.
	failuresToOpen = 3
	// breakerTimeout is how long the breaker stays open before one request tries the shared store again.
	breakerTimeout = 5 * time.Second
)

// fallback uses the shared store, and the process's own store while the shared one does not answer.
type fallback struct {
	shared, own store
	breaker     *gobreaker.CircuitBreaker[[]usage]
	cause       atomic.Pointer[error] // of the last failure
}

func newFallback(shared, own store, logger *slog.Logger) *fallback {
	f := &fallback{shared: shared, own: own}
	f.breaker = gobreaker.NewCircuitBreaker[[]usage](gobreaker.Settings{
		Timeout:     breakerTimeout,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failuresToOpen },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				logger.Warn("rate limits are not shared: the store does not answer, so each process counts separately", "err", *f.cause.Load())
			case to == gobreaker.StateClosed:
				logger.Info("rate limits are shared again")
			}
		},
	})
	return f
}

func (f *fallback) take(ctx context.Context, action string, slots []slot) ([]usage, error) {
	used, err := f.try(ctx, func(ctx context.Context) ([]usage, error) { return f.shared.take(ctx, action, slots) })
	if err != nil {
		return f.own.take(ctx, action, slots)
	}
	return used, nil
}

// release removes the action from both stores: either may have counted it.
func (f *fallback) release(ctx context.Context, action string, slots []slot) error {
	_, err := f.try(ctx, func(ctx context.Context) ([]usage, error) { return nil, f.shared.release(ctx, action, slots) })
	_ = f.own.release(ctx, action, slots) // a store in memory does not fail
	return err
}

// forget removes the actions from both stores.
func (f *fallback) forget(ctx context.Context, slots []slot) error {
	_ = f.own.forget(ctx, slots) // a store in memory does not fail
	_, err := f.try(ctx, func(ctx context.Context) ([]usage, error) { return nil, f.shared.forget(ctx, slots) })
	return err
}

// try fails at once while the breaker is open. A client's disconnection does not cancel the call, so that the breaker does
// not count it as a failure of the store.
func (f *fallback) try(ctx context.Context, call func(context.Context) ([]usage, error)) ([]usage, error) {
	return f.breaker.Execute(func() ([]usage, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		used, err := call(ctx)
		if err != nil {
			f.cause.Store(&err)
		}
		return used, err
	})
}
