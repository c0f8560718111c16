package health

import (
	"context"
	"sync"
	"time"
)

// repeated marks an error that an earlier call has returned, so that it is logged only once.
type repeated struct{ error }

func (r repeated) Unwrap() error { return r.error }

// Cached returns a check that runs another one at most once in maxAge, however many probes arrive: they wait for a run in
// progress and share its result. A run keeps the deadline of the probe that began it, but does not end if that client
// disconnects.
func Cached(check Check, maxAge time.Duration, now func() time.Time) Check {
	c := &cache{check: check, maxAge: maxAge, now: now}
	return c.get
}

type cache struct {
	check  Check
	maxAge time.Duration
	now    func() time.Time

	mu      sync.Mutex // held while the check runs, so that other probes wait
	err     error
	endedAt time.Time // zero before the first run
}

func (c *cache) get(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.endedAt.IsZero() && c.now().Sub(c.endedAt) < c.maxAge:
		if c.err != nil {
			return repeated{c.err}
		}
		return nil
	case ctx.Err() != nil: // the result would be this probe's, not the dependency's
		return ctx.Err()
	}
	running := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		running, cancel = context.WithDeadline(running, deadline)
		defer cancel()
	}
	c.err = c.check(running)
	c.endedAt = c.now()
	return c.err
}
