package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	require.Equal(t, summary{}, summarize(nil))
	require.Equal(t, summary{7, 7, 7}, summarize([]float64{7}))
	values := []float64{9, 1, 4}
	require.Equal(t, summary{1, 4, 9}, summarize(values))
	require.Equal(t, []float64{9, 1, 4}, values, "the order of the rounds is kept")
	require.Equal(t, summary{1, 3, 9}, summarize([]float64{9, 1, 4, 2}))
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	require.True(t, math.IsNaN(percentile(nil, 50)))
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for percent, want := range map[float64]float64{0: 1, 1: 1, 50: 50, 95: 95, 99: 99, 99.5: 100, 100: 100} {
		require.InDelta(t, want, percentile(hundred, percent), 0, percent)
	}
	require.InDelta(t, 2, percentile([]float64{1, 2, 3}, 50), 0)
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	times := []time.Duration{30 * time.Millisecond, -time.Millisecond, 1500 * time.Microsecond}
	require.Equal(t, latencies{p50: 1.5, p95: 30, p99: 30, max: 30}, latenciesOf(times))
}

// Ratios are formed within a round, so a round that was disturbed as a whole does not change them.
func TestRatios(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{0.5, 0.5}, ratios([]float64{10, 5}, []float64{20, 10}))
	require.Empty(t, ratios([]float64{1}, nil))
}
