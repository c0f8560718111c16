// Package secret computes values that cannot be guessed or reversed: password hashes, and the ids, one-time codes and
// digests that are derived from keys.
package secret

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// DefaultQueue is the number of callers that may wait for a hash. At about 35 ms per hash on two cores, the last one waits
// about a second.
const DefaultQueue = 64

// ErrSaturated means that the queue is full. Nothing was done; a later retry may succeed.
var ErrSaturated = errors.New("password hashing is saturated")

// DefaultParams is argon2id with 19 MiB of memory, 2 iterations and 1 lane, one of the minimum configurations of the OWASP
// Password Storage Cheat Sheet. RFC 9106 section 4 recommends the salt and key lengths. A release that changes the
// parameters must also compare repeated requests by the previous ones: see docs/decisions/0018-fingerprint.md.
func DefaultParams() argon2id.Params {
	return argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: saltLength, KeyLength: 32}
}

const saltLength = 16 // bytes

// CheapParams gives no protection. It makes hashing fast in tests and benchmarks of other code.
func CheapParams() argon2id.Params {
	return argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: saltLength, KeyLength: 32}
}

// HasherOptions configure a Hasher. The zero value is for production.
type HasherOptions struct {
	Concurrency int              // parallel hashes; 0: GOMAXPROCS. Each needs Params.Memory KiB and a core
	Queue       int              // callers that may wait; 0: DefaultQueue
	Params      *argon2id.Params // the cost; nil: DefaultParams
}

// Hasher hashes passwords with bounded memory and a bounded queue. It is safe for concurrent use.
type Hasher struct {
	params   argon2id.Params
	admitted chan struct{} // one entry for each caller that hashes or waits
	hashing  chan struct{} // one entry for each caller that hashes
	hash     func(password string, salt []byte, p argon2id.Params) string
}

// NewHasher returns a Hasher.
func NewHasher(o HasherOptions) *Hasher {
	concurrency := cmp.Or(o.Concurrency, runtime.GOMAXPROCS(0))
	h := &Hasher{
		params:   DefaultParams(),
		admitted: make(chan struct{}, concurrency+cmp.Or(o.Queue, DefaultQueue)),
		hashing:  make(chan struct{}, concurrency),
		hash:     hash,
	}
	if o.Params != nil {
		h.params = *o.Params
	}
	return h
}

// Hash returns the argon2id hash of a password in PHC format, with salt, or with a random salt if salt is nil. Equal
// passwords with equal salts have equal hashes while Params are the same. It fails at once with ErrSaturated if the queue is
// full, and with the context's error if the context ends in the queue. A hash that has begun is finished.
func (h *Hasher) Hash(ctx context.Context, password string, salt []byte) (string, error) {
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
	if salt == nil {
		salt = make([]byte, h.params.SaltLength)
		_, _ = rand.Read(salt) // never fails
	}
	return h.hash(password, salt, h.params), nil
}

// hash returns the format that argon2id.DecodeHash reads. argon2id.CreateHash cannot be used: it takes no salt.
func hash(password string, salt []byte, p argon2id.Params) string {
	key := argon2.IDKey([]byte(password), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
	text := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.Memory, p.Iterations, p.Parallelism, text.EncodeToString(salt), text.EncodeToString(key))
}
