package limit

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slotsAt returns a slot with the rate for each key.
func slotsAt(r Rate, keys ...string) []slot {
	var slots []slot
	for _, key := range keys {
		slots = append(slots, slot{key: key, rate: r})
	}
	return slots
}

// testStore is the tests of every store.
func testStore(t *testing.T, s store) {
	t.Helper()
	rate := Rate{Max: 2, Period: time.Hour}
	take := func(t *testing.T, r Rate, action string, keys ...string) time.Duration {
		t.Helper()
		used, err := s.take(t.Context(), action, slotsAt(r, keys...))
		require.NoError(t, err)
		return longestWait(used)
	}
	key := func(t *testing.T, name string) string { return "registrar:limit:test:" + t.Name() + ":" + name }

	t.Run("the limit is reached", func(t *testing.T) {
		a, b := key(t, "a"), key(t, "b")
		require.Zero(t, take(t, rate, "1", a))
		require.Zero(t, take(t, rate, "2", a))
		wait := take(t, rate, "3", a)
		require.Greater(t, wait, 59*time.Minute)
		require.LessOrEqual(t, wait, time.Hour)
		require.Zero(t, take(t, rate, "3", b), "another key")
	})
	t.Run("a counted action is never refused", func(t *testing.T) {
		a := key(t, "a")
		for range 5 {
			require.Zero(t, take(t, rate, "1", a))
		}
		require.Zero(t, take(t, rate, "2", a))
		require.Zero(t, take(t, rate, "1", a))
		require.Positive(t, take(t, rate, "3", a))
	})
	t.Run("all keys or none", func(t *testing.T) {
		full, free := key(t, "full"), key(t, "free")
		require.Zero(t, take(t, rate, "1", full))
		require.Zero(t, take(t, rate, "2", full))
		for n := range 5 {
			require.Positive(t, take(t, rate, fmt.Sprintf("refused %d", n), free, full))
		}
		require.Zero(t, take(t, rate, "3", free))
		require.Zero(t, take(t, rate, "4", free))
	})
	t.Run("release makes room", func(t *testing.T) {
		a, b := key(t, "a"), key(t, "b")
		require.Zero(t, take(t, rate, "1", a, b))
		require.Zero(t, take(t, rate, "2", a, b))
		require.NoError(t, s.release(t.Context(), "1", slotsAt(rate, a, b)))
		require.NoError(t, s.release(t.Context(), "1", slotsAt(rate, a, key(t, "unknown"))))
		require.Zero(t, take(t, rate, "3", a, b))
		require.Positive(t, take(t, rate, "4", a))
	})
	t.Run("forget makes room for all", func(t *testing.T) {
		a, b := key(t, "a"), key(t, "b")
		for _, action := range []string{"1", "2"} {
			require.Zero(t, take(t, rate, action, a, b))
		}
		require.NoError(t, s.forget(t.Context(), slotsAt(rate, a, key(t, "unknown"))))
		require.Zero(t, take(t, rate, "3", a))
		require.Zero(t, take(t, rate, "4", a))
		require.Positive(t, take(t, rate, "5", a))
		require.Positive(t, take(t, rate, "3", b))
	})
	t.Run("time makes room", func(t *testing.T) {
		a, short := key(t, "a"), Rate{Max: 1, Period: 100 * time.Millisecond}
		require.Zero(t, take(t, short, "1", a))
		require.Eventually(t, func() bool { return take(t, short, "2", a) == 0 }, 10*time.Second, time.Millisecond)
	})
	t.Run("a lower rate counts earlier actions", func(t *testing.T) {
		a := key(t, "a")
		for n := range 4 {
			require.Zero(t, take(t, Rate{Max: 4, Period: time.Hour}, strconv.Itoa(n), a))
		}
		require.Greater(t, take(t, rate, "5", a), 59*time.Minute)
	})
	t.Run("each key has its rate", func(t *testing.T) {
		narrow, wide := slotsAt(Rate{Max: 1, Period: time.Hour}, key(t, "narrow")), slotsAt(Rate{Max: 3, Period: 2 * time.Hour}, key(t, "wide"))
		used, err := s.take(t.Context(), "1", append(narrow, wide...))
		require.NoError(t, err)
		require.Equal(t, []usage{{actions: 1}, {actions: 1}}, used)
		used, err = s.take(t.Context(), "2", append(narrow, wide...))
		require.NoError(t, err)
		require.Positive(t, used[0].wait)
		require.Equal(t, usage{actions: 1}, used[1], "a refused action is not counted")
		used, err = s.take(t.Context(), "2", wide)
		require.NoError(t, err)
		require.Equal(t, []usage{{actions: 2}}, used)
	})
	t.Run("reading counts nothing", func(t *testing.T) {
		a := slotsAt(rate, key(t, "a"))
		for n := range 5 {
			used, err := s.take(t.Context(), strconv.Itoa(n), readOnly(slices.Clone(a)))
			require.NoError(t, err)
			require.Equal(t, []usage{{}}, used)
		}
		require.Zero(t, take(t, rate, "1", a[0].key))
		require.Zero(t, take(t, rate, "2", a[0].key))
		require.NoError(t, s.release(t.Context(), "2", readOnly(slices.Clone(a))))
		used, err := s.take(t.Context(), "3", readOnly(slices.Clone(a)))
		require.NoError(t, err)
		require.Equal(t, 2, used[0].actions)
		require.Positive(t, used[0].wait)
	})
	t.Run("at the same time", func(t *testing.T) {
		a := key(t, "a")
		var taken atomic.Int64
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				if used, err := s.take(t.Context(), strconv.Itoa(n), slotsAt(Rate{Max: 7, Period: time.Hour}, a)); err == nil && !anyFull(used) {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 7, taken.Load())
	})
}

func TestMemory(t *testing.T) {
	t.Parallel()
	testStore(t, newMemory(1000, time.Now))
}

// TestMemorySlides uses a fake clock: the actions expire one by one, in the order in which they were counted.
func TestMemorySlides(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	m := newMemory(1000, func() time.Time { return now })
	take := func(action string) time.Duration {
		used, err := m.take(t.Context(), action, slotsAt(Rate{Max: 2, Period: time.Hour}, "a"))
		require.NoError(t, err)
		return longestWait(used)
	}
	require.Zero(t, take("1"))
	now = now.Add(50 * time.Minute)
	require.Zero(t, take("2"))
	require.Equal(t, 10*time.Minute, take("3"))
	now = now.Add(10*time.Minute - time.Nanosecond)
	require.Equal(t, time.Nanosecond, take("3"))
	now = now.Add(time.Nanosecond)
	require.Zero(t, take("3"))
	require.Equal(t, 50*time.Minute, take("4"))
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(100, time.Now)
	rate := Rate{Max: 3, Period: time.Hour}
	for n := range 1000 {
		for _, key := range []string{strconv.Itoa(n / 2), "busy"} {
			_, err := m.take(t.Context(), strconv.Itoa(n), slotsAt(rate, key))
			require.NoError(t, err)
		}
		require.LessOrEqual(t, m.others.actions, 100)
	}
	require.GreaterOrEqual(t, m.others.actions, 98, "no more than necessary is dropped")
	total := 0
	for _, log := range m.others.keys.Values() {
		total += len(log.actions)
	}
	require.Equal(t, m.others.actions, total)
	used, err := m.take(t.Context(), "another", slotsAt(rate, "busy"))
	require.NoError(t, err)
	require.True(t, anyFull(used), "a used key is not dropped")
}

// TestMemoryDropsExpiredLogsFirst fills a store with logs of a minute, which expire, after one of a day.
func TestMemoryDropsExpiredLogsFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	m := newMemory(100, func() time.Time { return now })
	take := func(r Rate, action, key string) time.Duration {
		used, err := m.take(t.Context(), action, slotsAt(r, key))
		require.NoError(t, err)
		return longestWait(used)
	}
	day, minute := Rate{1, 24 * time.Hour}, Rate{1, time.Minute}
	require.Zero(t, take(day, "1", "day"))
	for n := range 99 {
		require.Zero(t, take(minute, strconv.Itoa(n), strconv.Itoa(n)))
	}
	now = now.Add(time.Minute)
	require.Zero(t, take(minute, "one more", "one more"))
	require.Positive(t, take(day, "2", "day"))
	require.Equal(t, 2, m.others.actions)
}

// BenchmarkMemory fills a store with clients that come once, and reports the memory of the full store.
func BenchmarkMemory(b *testing.B) {
	heap := func() float64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return float64(stats.HeapAlloc)
	}
	before := heap()
	m := newMemory(maxActions, time.Now) // one of its two sets of logs
	rate := Rate{Max: 60, Period: time.Minute}
	take := func(n int) {
		_, _ = m.take(b.Context(), fmt.Sprintf("%032d", n), slotsAt(rate, fmt.Sprintf("registrar:limit:registration:%032d", n)))
	}
	for n := range maxActions {
		take(n)
	}
	full := heap() - before
	n := maxActions
	for b.Loop() {
		take(n)
		n++
	}
	b.ReportMetric(full/1e6, "MB")
}
