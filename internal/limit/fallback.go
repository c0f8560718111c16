package limit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// storeTimeout is how long one request waits for the shared store: some hundred times what it takes.
	storeTimeout = 250 * time.Millisecond
	// failuresToOpen open the breaker: then nobody waits any more.
	failuresToOpen = 3
	// breakerTimeout is how long the store is left alone before one request tries it.
	breakerTimeout = 5 * time.Second
)

// fallback asks the shared store, and the process's own while that one does not answer.
type fallback struct {
	shared, own store
	breaker     *gobreaker.CircuitBreaker[time.Duration]
	cause       atomic.Pointer[error] // of the last failure
}

func newFallback(shared, own store, logger *slog.Logger) *fallback {
	f := &fallback{shared: shared, own: own}
	f.breaker = gobreaker.NewCircuitBreaker[time.Duration](gobreaker.Settings{
		Timeout:     breakerTimeout,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failuresToOpen },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				logger.Warn("limits are not shared: their store does not answer, and each process counts for itself", "err", *f.cause.Load())
			case to == gobreaker.StateClosed:
				logger.Info("limits are shared again")
			}
		},
	})
	return f
}

func (f *fallback) take(ctx context.Context, r Rate, act string, keys []string) (time.Duration, error) {
	wait, err := f.try(ctx, func(ctx context.Context) (time.Duration, error) { return f.shared.take(ctx, r, act, keys) })
	if err != nil {
		return f.own.take(ctx, r, act, keys)
	}
	return wait, nil
}

// release does it in both: the act may have been noted in either.
func (f *fallback) release(ctx context.Context, act string, keys []string) error {
	_, err := f.try(ctx, func(ctx context.Context) (time.Duration, error) { return 0, f.shared.release(ctx, act, keys) })
	_ = f.own.release(ctx, act, keys) // memory does not fail
	return err
}

// try fails at once while the breaker is open. A client that leaves says nothing about the store.
func (f *fallback) try(ctx context.Context, call func(context.Context) (time.Duration, error)) (time.Duration, error) {
	return f.breaker.Execute(func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		wait, err := call(ctx)
		if err != nil {
			f.cause.Store(&err)
		}
		return wait, err
	})
}
