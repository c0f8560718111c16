package loop

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConstantSchedule(t *testing.T) {
	t.Parallel()
	got := slices.Collect(offsets(Options{Rate: 4, Duration: time.Second}))
	require.Equal(t, []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond}, got)
	require.Len(t, slices.Collect(offsets(Options{Rate: 30, Duration: 20 * time.Minute})), 36_000)
}

func TestPoissonSchedule(t *testing.T) {
	t.Parallel()
	o := Options{Rate: 100, Duration: 100 * time.Second, Poisson: true}
	got := slices.Collect(offsets(o))
	require.InDelta(t, 10_000, len(got), 600, "six standard deviations")
	require.True(t, slices.IsSorted(got))
	require.Less(t, got[len(got)-1], o.Duration)
	short := 0 // gaps under the mean: 1-1/e of an exponential distribution, half of an even one
	for i := range got[1:] {
		if got[i+1]-got[i] < 10*time.Millisecond {
			short++
		}
	}
	require.InDelta(t, 0.632, float64(short)/float64(len(got)), 0.03)
}

// Users arrive on time even if all earlier users are still waiting.
func TestArrivalsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stuck := make(chan struct{})
		var late []time.Duration
		done := arrive(t.Context(), began, offsets(Options{Rate: 10, Duration: time.Minute}), func(i int, due time.Time) {
			require.Equal(t, began.Add(time.Duration(i)*100*time.Millisecond), due)
			late = append(late, time.Since(due))
			go func() { <-stuck }()
		})
		require.True(t, done)
		require.Len(t, late, 600)
		require.Zero(t, slices.Max(late))
		close(stuck)
	})
}

// After a delay of the generator, all users who were due in the meantime arrive, each with its scheduled time.
func TestNoArrivalIsSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		n := 0
		arrive(t.Context(), began, offsets(Options{Rate: 10, Duration: 10 * time.Second}), func(i int, due time.Time) {
			require.Equal(t, began.Add(time.Duration(i)*100*time.Millisecond), due)
			if n++; i == 5 {
				time.Sleep(5 * time.Second) // of the bubble
			}
		})
		require.Equal(t, 100, n)
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

func TestArrivalsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer cancel()
		n := 0
		require.False(t, arrive(ctx, time.Now(), offsets(Options{Rate: 10, Duration: time.Hour}), func(int, time.Time) { n++ }))
		require.Equal(t, 11, n)
	})
}
