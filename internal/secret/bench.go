package secret

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// BenchParams are the parameters that a benchmark compares, from the cheapest to the most expensive: OWASP's minimum
// configurations with 1 to 5 iterations, then more memory and iterations.
func BenchParams() []argon2id.Params {
	return []argon2id.Params{
		NewParams(7168, 5, 1), NewParams(9216, 4, 1), NewParams(12288, 3, 1), NewParams(19456, 2, 1), NewParams(47104, 1, 1),
		NewParams(19456, 3, 1), NewParams(32768, 2, 1), NewParams(47104, 2, 1), NewParams(65536, 2, 1), NewParams(65536, 3, 1),
		NewParams(131072, 2, 1), NewParams(131072, 3, 1), NewParams(262144, 3, 1),
	}
}

// benchRounds is the number of hashes of each goroutine in MeasureHash, of which the median counts.
const benchRounds = 5

// MeasureHash returns the median time of a hash while concurrency hashes run in parallel. It takes about 5 times as long, and
// fails if ctx ends before. A hash that has begun is finished.
func MeasureHash(ctx context.Context, p argon2id.Params, concurrency int) (time.Duration, error) {
	times := make([]time.Duration, concurrency*benchRounds)
	salt := make([]byte, p.SaltLength)
	var running sync.WaitGroup
	for one := range concurrency {
		running.Go(func() {
			for round := range benchRounds {
				if ctx.Err() != nil {
					return
				}
				began := time.Now()
				argon2.IDKey([]byte("correct horse battery staple"), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
				times[one*benchRounds+round] = time.Since(began)
			}
		})
	}
	running.Wait()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
