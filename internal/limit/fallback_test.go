package limit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// outage is a shared store that can be unavailable, and its log.
type outage struct {
	fakeStore
	down  bool
	asked int
	logs  bytes.Buffer
}

func (o *outage) take(ctx context.Context, _ string, _ []slot) ([]usage, error) {
	o.asked++
	if o.down {
		<-ctx.Done() // as when it is frozen
		return nil, ctx.Err()
	}
	return []usage{{wait: time.Hour}}, nil // distinguishes it from the other store
}

func TestOutageOfTheSharedStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := new(outage)
		f := newFallback(shared, newMemory(100, time.Now), slog.New(slog.NewTextHandler(&shared.logs, nil)))
		take := func() time.Duration {
			used, err := f.take(t.Context(), "action", slotsAt(Rate{Max: 100, Period: time.Hour}, "key"))
			require.NoError(t, err)
			return longestWait(used)
		}
		require.Equal(t, time.Hour, take())
		for range 2 { // outages
			shared.down, shared.asked = true, 0
			shared.logs.Reset()
			began := time.Now()
			for range 50 {
				require.Zero(t, take(), "the process's own store answers")
			}
			require.Equal(t, failuresToOpen, shared.asked)
			require.Equal(t, failuresToOpen*storeTimeout, time.Since(began), "the others do not wait")
			for range 3 { // tries that fail
				time.Sleep(breakerTimeout + time.Millisecond) // of a bubble: takes no time
				require.Zero(t, take())
				require.Zero(t, take())
			}
			require.Equal(t, failuresToOpen+3, shared.asked)
			require.Equal(t, 1, strings.Count(shared.logs.String(), "level=WARN"), shared.logs.String())

			shared.down = false
			time.Sleep(breakerTimeout + time.Millisecond)
			require.Equal(t, time.Hour, take())
			require.Equal(t, 1, strings.Count(shared.logs.String(), "rate limits are shared again"))
		}
	})
}

func TestDisconnectedClientIsNoOutage(t *testing.T) {
	t.Parallel()
	left, leave := context.WithCancel(t.Context())
	leave()
	shared := &fakeStore{}
	f := newFallback(&leaving{shared, t}, newMemory(100, time.Now), slog.New(slog.DiscardHandler))
	_, err := f.take(left, "action", slotsAt(Rate{Max: 1, Period: time.Hour}, "key"))
	require.NoError(t, err)
}

type leaving struct {
	*fakeStore
	t *testing.T
}

func (l *leaving) take(ctx context.Context, _ string, _ []slot) ([]usage, error) {
	require.NoError(l.t, ctx.Err())
	return []usage{{}}, nil
}

func TestReleaseInBothStores(t *testing.T) {
	t.Parallel()
	broken := &fakeStore{func(string, []slot) ([]usage, error) { return nil, errors.New("broken") }}
	f := newFallback(broken, newMemory(100, time.Now), slog.New(slog.DiscardHandler))
	slots := slotsAt(Rate{Max: 1, Period: time.Hour}, "key")
	for n := range 3 {
		action := strconv.Itoa(n)
		used, err := f.take(t.Context(), action, slots)
		require.NoError(t, err)
		require.False(t, anyFull(used))
		require.NoError(t, f.release(t.Context(), action, slots))
	}
}

// TestForgetFailsWithoutTheSharedStore: otherwise, an erasure would leave the counts there.
func TestForgetFailsWithoutTheSharedStore(t *testing.T) {
	t.Parallel()
	own := newMemory(100, time.Now)
	f := newFallback(&fakeStore{}, own, slog.New(slog.DiscardHandler))
	slots := slotsAt(Rate{Max: 1, Period: time.Hour}, "key")
	_, err := own.take(t.Context(), "1", slots)
	require.NoError(t, err)
	require.EqualError(t, f.forget(t.Context(), slots), "broken")
	used, err := own.take(t.Context(), "2", slots)
	require.NoError(t, err)
	require.False(t, anyFull(used))
}

// TestUnreachableServer has one URL that refuses connections, and one that accepts them and never answers.
func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheme string
		close  bool
	}{"refused": {"redis", true}, "silent": {"redis", false}, "silent, with TLS": {"rediss", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { _ = listener.Close() })
			if c.close {
				require.NoError(t, listener.Close())
			}
			var logs bytes.Buffer
			l := setup(t, func(o *Options) {
				o.RedisURL = c.scheme + "://:s3cret@" + listener.Addr().String()
				o.Logger = slog.New(slog.NewTextHandler(&logs, nil))
			})
			client := netip.MustParseAddr("192.0.2.1")
			began := time.Now()
			require.Zero(t, l.Registration(t.Context(), client))
			require.Zero(t, l.Registration(t.Context(), client))
			for range 20 {
				require.Positive(t, l.Registration(t.Context(), client), "the process still counts")
			}
			require.Less(t, time.Since(began), 4*time.Second, "three tries, on a busy machine")
			require.Equal(t, 1, strings.Count(logs.String(), "\n"), logs.String())
			require.Contains(t, logs.String(), "level=WARN")
			require.NotContains(t, logs.String(), "s3cret")
		})
	}
}
