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
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// DefaultQueue is the number of callers that may wait for a hash. At about 35 ms per hash on two cores, the last one waits
// about a second.
const DefaultQueue = 64

// ErrSaturated means that the queue is full. Nothing was done; a later retry may succeed.
var ErrSaturated = errors.New("password hashing is saturated")

// RFC 9106 section 4 recommends these lengths, in bytes.
const (
	saltLength = 16
	keyLength  = 32
)

// HasherOptions configure a Hasher. The zero value is for production.
type HasherOptions struct {
	Concurrency int              // parallel hashes; 0: GOMAXPROCS. Each needs Params.Memory KiB and a core
	Queue       int              // callers that may wait; 0: DefaultQueue
	Params      *argon2id.Params // the cost; nil: DefaultParams
	Key         KeyFunc          // nil: in this process
	Observer    HashObserver     // nil: nothing is measured
}

// KeyFunc computes an argon2id key. It returns ErrSaturated if a later retry may succeed.
type KeyFunc func(ctx context.Context, password string, salt []byte, p argon2id.Params) ([]byte, error)

// Hasher hashes passwords with bounded memory and a bounded queue. It is safe for concurrent use.
type Hasher struct {
	params   argon2id.Params
	admitted chan struct{} // one entry for each caller that hashes or waits
	hashing  chan struct{} // one entry for each caller that hashes
	key      KeyFunc
	observer HashObserver
}

// NewHasher returns a Hasher.
func NewHasher(o HasherOptions) *Hasher {
	concurrency := cmp.Or(o.Concurrency, runtime.GOMAXPROCS(0))
	h := &Hasher{
		params:   DefaultParams(),
		admitted: make(chan struct{}, concurrency+cmp.Or(o.Queue, DefaultQueue)),
		hashing:  make(chan struct{}, concurrency),
		key:      key,
		observer: o.Observer,
	}
	if h.observer == nil {
		h.observer = unobserved{}
	}
	if o.Params != nil {
		h.params = *o.Params
	}
	if o.Key != nil {
		h.key = o.Key
	}
	return h
}

// Hash returns the argon2id hash of a password in PHC format, with salt, or with a random salt if salt is nil. Equal
// passwords with equal salts have equal hashes while Params are the same. It fails at once with ErrSaturated if the queue is
// full, and with the context's error if the context ends in the queue. A hash that has begun is finished.
func (h *Hasher) Hash(ctx context.Context, password string, salt []byte) (string, error) {
	return h.hashWith(ctx, password, salt, h.params)
}

// HashLike is Hash with other parameters: those of an earlier hash, as ParamsOf returns them.
func (h *Hasher) HashLike(ctx context.Context, params, password string, salt []byte) (string, error) {
	p, ok := ParseParams(params)
	if !ok {
		return "", fmt.Errorf("%q are no parameters of argon2id within the service's bounds", params)
	}
	return h.hashWith(ctx, password, salt, p)
}

func (h *Hasher) hashWith(ctx context.Context, password string, salt []byte, p argon2id.Params) (string, error) {
	select {
	case h.admitted <- struct{}{}:
		defer func() { <-h.admitted }()
	default:
		h.observer.HashRefused()
		return "", ErrSaturated
	}
	if err := h.wait(ctx); err != nil {
		return "", fmt.Errorf("wait to hash the password: %w", err)
	}
	defer func() { <-h.hashing }()
	if salt == nil {
		salt = make([]byte, p.SaltLength)
		_, _ = rand.Read(salt) // never fails
	}
	began := time.Now()
	defer func() { h.observer.HashEnded(ctx, time.Since(began)) }()
	key, err := h.key(ctx, password, salt, p)
	if errors.Is(err, ErrSaturated) {
		h.observer.HashRefused()
	}
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return format(salt, key, p), nil
}

// wait waits for a free place in hashing. If it returns an error, it has taken none.
func (h *Hasher) wait(ctx context.Context) error {
	began := time.Now()
	h.observer.HashWaits()
	defer func() { h.observer.HashBegins(ctx, time.Since(began)) }()
	select {
	case h.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		<-h.hashing
		return err
	}
	return nil
}

// key is the KeyFunc of this process.
func key(_ context.Context, password string, salt []byte, p argon2id.Params) ([]byte, error) {
	return argon2.IDKey([]byte(password), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength), nil
}

// format returns a hash as argon2id.DecodeHash reads it. argon2id.CreateHash cannot be used: it takes no salt.
func format(salt, key []byte, p argon2id.Params) string {
	text := base64.RawStdEncoding
	return phcPrefix + FormatParams(p) + "$" + text.EncodeToString(salt) + "$" + text.EncodeToString(key)
}
