package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// sample is the result of one operation.
type sample struct {
	answer time.Duration // until the answer to the first request
	code   time.Duration // from that answer until the code was handed over; negative if it was handed over earlier
}

// drive is a closed loop: each caller starts an operation when its last one has ended.
type drive struct {
	callers int
	warmup  time.Duration // not measured: until all callers are out of step
	window  time.Duration // measured: operations that end in it
	// begin and end are called at the window's edges, and may be nil.
	begin, end func() error
	operate    func(ctx context.Context) (sample, error)
}

// driven is the result of a drive.
type driven struct {
	samples []sample
	took    time.Duration
}

func (d driven) rate() float64 { return float64(len(d.samples)) / d.took.Seconds() }

// run returns the first error of an operation, which ends the loop. Operations that run when the window ends are finished.
func (d drive) run(ctx context.Context) (driven, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		measuring, stopped atomic.Bool
		mu                 sync.Mutex
		result             driven
		callers            sync.WaitGroup
	)
	for range d.callers {
		callers.Go(func() {
			for !stopped.Load() && ctx.Err() == nil {
				s, err := d.operate(ctx)
				if err != nil {
					cancel(err)
					return
				}
				if measuring.Load() {
					mu.Lock()
					result.samples = append(result.samples, s)
					mu.Unlock()
				}
			}
		})
	}
	err := d.measure(ctx, func(on bool) { measuring.Store(on) }, &result.took)
	stopped.Store(true)
	callers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return result, err
}

// measure waits for the warm-up and the window, and stores how long the window was.
func (d drive) measure(ctx context.Context, measuring func(on bool), took *time.Duration) error {
	if err := pause(ctx, d.warmup); err != nil {
		return err
	}
	if d.begin != nil {
		if err := d.begin(); err != nil {
			return err
		}
	}
	began := time.Now()
	measuring(true)
	if err := pause(ctx, d.window); err != nil {
		return err
	}
	measuring(false)
	*took = time.Since(began)
	if d.end != nil {
		return d.end()
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
