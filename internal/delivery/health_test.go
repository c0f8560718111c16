package delivery_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

// TestFlapping counts the calls at a provider that fails for a while, once each second.
func TestFlapping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(false)
		f.a.fail()
		for range 60 {
			_, _, _ = f.try(t, 1)
			time.Sleep(time.Second)
		}
		require.Equal(t, 5+5, f.a.calls, "five to open, then a probe each time that ten seconds are over")
		require.Equal(t, 50, f.b.calls)
		require.Contains(t, f.log.String(), `level=WARN msg="circuit breaker of a provider changed" of=notices provider=a from=closed to=open`)
		f.a.work()
		time.Sleep(10 * time.Second)
		for range 5 {
			require.Equal(t, "a", f.taken(t, 1))
		}
		require.Contains(t, f.log.String(), `level=INFO msg="circuit breaker of a provider changed" of=notices provider=a from=half-open to=closed`)

		before := f.a.calls
		f.a.fail()
		for range 4 {
			f.refused(t, 1)
		}
		f.a.work()
		f.taken(t, 1)
		f.a.fail()
		for range 4 {
			f.refused(t, 1)
		}
		require.Equal(t, before+9, f.a.calls, "only failures in a row count")
	})
}

func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(false)
		f.a.misconfigured()
		require.Equal(t, "b", f.taken(t, 1))
		f.a.work()
		require.Equal(t, "b", f.taken(t, 1), "misconfigured opens at once")
		require.Equal(t, 1, f.a.calls)

		time.Sleep(11 * time.Second)
		f.a.hang()
		probed := make(chan struct{})
		go func() {
			defer close(probed)
			_, _ = f.Send(t.Context(), message.Message{})
		}()
		synctest.Wait()
		for range 3 {
			require.Equal(t, "b", f.taken(t, 1))
		}
		<-probed
		require.Equal(t, 2, f.a.calls)
	})
}

// TestBreakerNeverRefuses opens both breakers: messages are still tried, at both providers in turn.
func TestBreakerNeverRefuses(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.fail()
	f.b.fail()
	for attempt := range 20 {
		f.refused(t, attempt+1)
	}
	require.Equal(t, []int{10, 10}, []int{f.a.calls, f.b.calls})
	f.b.work()
	require.Equal(t, "b", f.taken(t, 2))

	alone := setup(true)
	alone.a.fail()
	for range 20 {
		alone.refused(t, 1)
	}
	alone.a.work()
	require.Equal(t, "a", alone.taken(t, 21))
}

// TestOpenBreakerIsTheLastResort has a misconfigured provider as the only one with a closed breaker.
func TestOpenBreakerIsTheLastResort(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.misconfigured()
	f.taken(t, 1)
	f.a.work()
	f.b.misconfigured()
	require.Equal(t, "a", f.taken(t, 1))
	require.Equal(t, 2, f.b.calls)
}

func TestErrorsThatDoNotCount(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.paused()
	for range 20 {
		require.Equal(t, "b", f.taken(t, 1))
	}
	f.a.hang()
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.Send(ctx, message.Message{})
		require.Error(t, err)
		ctx, cancel = context.WithCancel(t.Context())
		f.a.answer = func(ctx context.Context) error { cancel(); return ctx.Err() }
		_, err = f.Send(ctx, message.Message{})
		require.Error(t, err)
	}
	f.a.work()
	require.Equal(t, "a", f.taken(t, 1))
	require.Empty(t, f.log)
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(false)
		f.a.refuse(message.Unavailable, "429", time.Minute)
		require.Equal(t, unavailable("a", "429", 0), f.refused(t, 1), "b may be asked at once")
		for range 59 {
			require.Equal(t, "b", f.taken(t, 1))
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, f.a.calls)

		f.b.refuse(message.Unavailable, "429", time.Hour)
		require.Equal(t, unavailable("b", "429", time.Second), f.refused(t, 2), "the first that may be asked again")
		require.Equal(t, unavailable("a", message.CodeRetryAfter, time.Second), f.refused(t, 3))
		require.Equal(t, []int{1, 60}, []int{f.a.calls, f.b.calls})
		time.Sleep(time.Second)
		f.a.work()
		require.Equal(t, "a", f.taken(t, 2))
	})
}

func TestRetryAfterOfTheOnlyProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(true)
		f.a.refuse(message.Unavailable, "429", time.Minute)
		require.Equal(t, unavailable("a", "429", time.Minute), f.refused(t, 1))
		time.Sleep(20 * time.Second)
		require.Equal(t, unavailable("a", message.CodeRetryAfter, 40*time.Second), f.refused(t, 1))
		require.Equal(t, 1, f.a.calls)
	})
}

// TestLongRetryAfter holds back its own message for the whole time, and other messages for 10 minutes.
func TestLongRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(true)
		f.a.refuse(message.Unavailable, "503", 24*time.Hour)
		require.Equal(t, unavailable("a", "503", 24*time.Hour), f.refused(t, 1))
		require.Equal(t, unavailable("a", message.CodeRetryAfter, 10*time.Minute), f.refused(t, 1))
		time.Sleep(10 * time.Minute)
		f.a.work()
		require.Equal(t, "a", f.taken(t, 1))
	})
}

// TestRetryAfterBesideAPausedProvider has no provider that may be called earlier.
func TestRetryAfterBesideAPausedProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(false)
		f.a.paused()
		f.b.refuse(message.Unavailable, "429", time.Minute)
		require.Equal(t, unavailable("b", "429", time.Minute), f.refused(t, 1))
		require.Equal(t, unavailable("b", message.CodeRetryAfter, time.Minute), f.refused(t, 1))
	})
}

// TestCodesDoNotWaitForOthers has a provider throttle notices and batches: codes are handed to it all the same.
func TestCodesDoNotWaitForOthers(t *testing.T) {
	t.Parallel()
	a := &provider{name: "a"}
	throttled := &message.Error{Provider: "a", Failure: message.Unavailable, Code: "429", RetryAfter: time.Hour}
	batches := &batchFake{func(context.Context, message.Batch) (message.BatchReceipt, error) {
		return message.BatchReceipt{}, throttled
	}}
	chain := delivery.NewChain(delivery.Options{Logger: slog.New(slog.DiscardHandler)}, delivery.Provider{Name: "a", Sender: a, Batches: batches})
	for range 10 {
		_, err := chain.SendBatch(t.Context(), message.Batch{})
		require.Error(t, err)
	}
	a.refuse(message.Unavailable, "429", time.Hour)
	_, err := chain.Send(t.Context(), message.Message{Kind: message.KindWelcome})
	require.Error(t, err)
	a.work()
	_, err = chain.Send(t.Context(), message.Message{Kind: message.KindWelcome})
	require.Error(t, err, "the provider's Retry-After is an hour")
	_, err = chain.Send(t.Context(), message.Message{Kind: message.KindOTP})
	require.NoError(t, err)
}
