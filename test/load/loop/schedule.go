package loop

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"
)

// Arrivals calls serve, which must not block, for each of the users who arrive at random (Poisson) at a rate a second. It returns after
// the last one, or when ctx ends.
func Arrivals(ctx context.Context, rate float64, d time.Duration, serve func(due time.Time)) {
	o := Options{Rate: rate, Duration: d, Poisson: true}
	arrive(ctx, time.Now(), offsets(o), func(_ int, due time.Time) { serve(due) })
}

// offsets returns the times of the arrivals after the start.
func offsets(o Options) iter.Seq[time.Duration] {
	gap := float64(time.Second) / o.Rate
	return func(yield func(time.Duration) bool) {
		at := 0.0
		for i := 1; at < float64(o.Duration); i++ {
			if !yield(time.Duration(at)) {
				return
			}
			if o.Poisson {
				at += rand.ExpFloat64() * gap
			} else {
				at = float64(i) * gap // avoids adding up rounding errors
			}
		}
	}
}

// arrive calls serve, which must not block, for each arrival at its scheduled time. Late arrivals are not skipped: serve is
// called at once with the scheduled time, from which latencies are measured. arrive returns true after the last arrival,
// or false if ctx ends before.
func arrive(ctx context.Context, began time.Time, offsets iter.Seq[time.Duration], serve func(i int, due time.Time)) bool {
	timer := time.NewTimer(0)
	defer timer.Stop()
	i := 0
	for offset := range offsets {
		due := began.Add(offset)
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		serve(i, due)
		i++
	}
	return true
}
