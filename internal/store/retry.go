package store

import (
	"context"
	"math/rand/v2"
	"time"
)

// A transaction that a deadlock rolled back can be retried safely. Ten attempts wait about a second in total at most.
const (
	retryLimit     = 10
	retryFirstWait = 10 * time.Millisecond
	retryMaxWait   = 250 * time.Millisecond
)

// retry runs f again while it fails with a lock conflict, at most retryLimit times. The waits in between are random, so
// that two calls do not collide again, and end with ctx.
func retry(ctx context.Context, f func() error) error {
	wait := retryFirstWait
	for attempt := 1; ; attempt++ {
		err := f()
		if !isLockConflict(err) || attempt == retryLimit {
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

// isLockConflict reports whether the server rolled back or refused the statement because of another transaction's lock.
func isLockConflict(err error) bool {
	e := serverError(err)
	switch {
	case e == nil:
		return false
	case e.Server == "mysql":
		return e.Number == mysqlDeadlock || e.Number == mysqlLockWaitTimeout || e.Number == mysqlChanged
	default:
		return e.Number&0xff == sqliteBusy // every extended busy code has SQLITE_BUSY in its low byte
	}
}
