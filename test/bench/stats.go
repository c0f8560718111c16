package main

import (
	"math"
	"slices"
	"time"
)

// summary is the distribution of the rounds of a figure.
type summary struct{ low, median, high float64 }

// summarize returns the zero value for no values.
func summarize(values []float64) summary {
	if len(values) == 0 {
		return summary{}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return summary{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1]}
}

// percentile returns the percentile of sorted values by the nearest-rank method, or NaN for no values.
func percentile(sorted []float64, percent float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(float64(len(sorted)) * percent / 100))
	return sorted[max(rank, 1)-1]
}

// latencies are the 50th, 95th and 99th percentile and the maximum, in milliseconds.
type latencies struct{ p50, p95, p99, max float64 }

func latenciesOf(times []time.Duration) latencies {
	sorted := make([]float64, len(times))
	for i, t := range times {
		sorted[i] = milliseconds(t)
	}
	slices.Sort(sorted)
	return latencies{percentile(sorted, 50), percentile(sorted, 95), percentile(sorted, 99), percentile(sorted, 100)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ratios divides round by round, so that what disturbed a whole round has little effect.
func ratios(values, ceilings []float64) []float64 {
	out := make([]float64, min(len(values), len(ceilings)))
	for i := range out {
		out[i] = values[i] / ceilings[i]
	}
	return out
}
