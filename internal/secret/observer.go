package secret

import (
	"context"
	"time"
)

// HashObserver measures a Hasher. Its calls must not block.
type HashObserver interface {
	// HashWaits is called when a caller begins to wait for a free place to hash. HashBegins is called when its wait ends, with or
	// without a place.
	HashWaits()
	HashBegins(ctx context.Context, waited time.Duration)
	// HashEnded is called after a hash, with its duration without the wait.
	HashEnded(ctx context.Context, took time.Duration)
	// HashUsed is called with CPU time that hash processes have used. It is not called for hashes in this process.
	HashUsed(cpu time.Duration)
	// HashRefused is called when a caller is refused because the queue is full, or after hash processes failed.
	HashRefused()
}

// unobserved is the HashObserver of a Hasher without one.
type unobserved struct{}

func (unobserved) HashWaits()                                {}
func (unobserved) HashBegins(context.Context, time.Duration) {}
func (unobserved) HashEnded(context.Context, time.Duration)  {}
func (unobserved) HashUsed(time.Duration)                    {}
func (unobserved) HashRefused()                              {}
