// Package secret makes what must not be guessed or turned back: password hashes, and the identifiers, one-time codes
// and digests that are derived from keys.
package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"
)

// DefaultQueue is how many callers may wait for a hash: at about 35 ms a hash and two cores, the last one waits a
// second.
const DefaultQueue = 64

// ErrSaturated tells that the queue is full: nothing was done, and trying again later may work.
var ErrSaturated = errors.New("password hashing is saturated")

// DefaultParams is argon2id with 19 MiB of memory, 2 iterations and 1 lane, a minimum of the OWASP Password Storage
// Cheat Sheet; salt and key lengths are those that RFC 9106 section 4 recommends.
func DefaultParams() argon2id.Params {
	return argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// CheapParams protects nothing. It is for tests and benchmarks of what surrounds hashing.
func CheapParams() argon2id.Params {
	return argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HasherOptions configure a Hasher. The zero value is right for production.
type HasherOptions struct {
	Concurrency int              // hashes at a time; GOMAXPROCS when 0. Each takes Params.Memory KiB and a core
	Queue       int              // callers that may wait for their turn; DefaultQueue when 0
	Params      *argon2id.Params // the cost; DefaultParams when nil
}

// Hasher hashes passwords with bounded memory and bounded waiting. It is safe for concurrent use.
type Hasher struct {
	params   argon2id.Params
	admitted chan struct{} // one entry for each caller that hashes or waits
	hashing  chan struct{} // one entry for each caller that hashes
	hash     func(string, *argon2id.Params) (string, error)
}

// NewHasher returns a Hasher.
func NewHasher(o HasherOptions) *Hasher {
	concurrency := cmp.Or(o.Concurrency, runtime.GOMAXPROCS(0))
	h := &Hasher{
		params:   DefaultParams(),
		admitted: make(chan struct{}, concurrency+cmp.Or(o.Queue, DefaultQueue)),
		hashing:  make(chan struct{}, concurrency),
		hash:     argon2id.CreateHash,
	}
	if o.Params != nil {
		h.params = *o.Params
	}
	return h
}

// Hash returns the argon2id hash of a password in PHC format, with a fresh salt. It fails at once with ErrSaturated
// when the queue is full, and with the context's error when that ends before the caller's turn; once begun, a hash is
// finished.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	select {
	case h.admitted <- struct{}{}:
		defer func() { <-h.admitted }()
	default:
		return "", ErrSaturated
	}
	select {
	case h.hashing <- struct{}{}:
		defer func() { <-h.hashing }()
	case <-ctx.Done():
		return "", fmt.Errorf("wait to hash the password: %w", ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("wait to hash the password: %w", err)
	}
	hash, err := h.hash(password, &h.params)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}
