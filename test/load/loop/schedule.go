package loop

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"
)

// offsets are the times of the arrivals, from the beginning.
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
				at = float64(i) * gap // no sum of rounding errors
			}
		}
	}
}

// arrive calls serve for each arrival when it is due, which must not block. It does not skip arrivals when it is late:
// they come at once, and what they experience is measured from when they were due. It returns after the last one; when
// ctx ends before, it is false.
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
