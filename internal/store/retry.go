package store

import (
	"context"
	"math/rand/v2"
	"time"
)

// A deadlock's victim has lost nothing but time. Ten tries take about a second at most.
const (
	retryLimit     = 10
	retryFirstWait = 10 * time.Millisecond
	retryMaxWait   = 250 * time.Millisecond
)

// retry runs f until it ends in something else than a lost fight for locks, at most retryLimit times. The waits in
// between are random, so that two that collided do not collide again, and end with ctx.
func retry(ctx context.Context, f func() error) error {
	wait := retryFirstWait
	for try := 1; ; try++ {
		err := f()
		if !isLockConflict(err) || try == retryLimit {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
		wait = min(2*wait, retryMaxWait)
	}
}

// isLockConflict tells whether the server rolled back, or never began, for the sake of another transaction.
func isLockConflict(err error) bool {
	e := serverError(err)
	switch {
	case e == nil:
		return false
	case e.Server == "mysql":
		return e.Number == mysqlDeadlock || e.Number == mysqlLockWaitTimeout
	default:
		return e.Number&0xff == sqliteBusy // the low byte of every kind of busy
	}
}
