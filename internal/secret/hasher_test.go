package secret

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
)

func TestHash(t *testing.T) {
	t.Parallel()
	h := NewHasher(HasherOptions{})

	hash, err := h.Hash(t.Context(), "correct horse", nil)
	require.NoError(t, err)
	other, err := h.Hash(t.Context(), "correct horse", nil)
	require.NoError(t, err)

	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"))
	require.NotEqual(t, hash, other, "each has a salt of its own")
	match, params, err := argon2id.CheckHash("correct horse", hash)
	require.NoError(t, err)
	require.True(t, match)
	require.Equal(t, DefaultParams(), *params)
	match, err = argon2id.ComparePasswordAndHash("Correct horse", hash)
	require.NoError(t, err)
	require.False(t, match)
}

// The expected value was computed independently of this code, by the reference implementation of Argon2.
func TestHashWithASalt(t *testing.T) {
	t.Parallel()
	h := NewHasher(HasherOptions{})
	salt := []byte("0123456789abcdef")

	for range 2 {
		hash, err := h.Hash(t.Context(), "correct horse", salt)
		require.NoError(t, err)
		require.Equal(t, goldenHash, hash)
	}
	other, err := h.Hash(t.Context(), "correct horse", []byte("0123456789abcdeg"))
	require.NoError(t, err)
	require.NotEqual(t, goldenHash, other)
}

const goldenHash = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk"

func TestHasherDefaults(t *testing.T) {
	t.Parallel()
	h := NewHasher(HasherOptions{})
	require.Equal(t, runtime.GOMAXPROCS(0), cap(h.hashing))
	require.Equal(t, cap(h.hashing)+DefaultQueue, cap(h.admitted))
	require.Equal(t, DefaultParams(), h.params)
}

// gated is a hasher whose hashes begin at once and end one by one, when the test receives from the gate.
func gated(o HasherOptions) (h *Hasher, gate chan struct{}, running *atomic.Int32) {
	gate, running = make(chan struct{}), new(atomic.Int32)
	h = NewHasher(o)
	h.key = func(context.Context, string, []byte, argon2id.Params) ([]byte, error) {
		running.Add(1)
		defer running.Add(-1)
		gate <- struct{}{}
		return []byte("key"), nil
	}
	return h, gate, running
}

func TestHasherBoundsWorkAndQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, gate, running := gated(HasherOptions{Concurrency: 2, Queue: 3})
		results := make(chan error, 5)
		for range 5 {
			go func() {
				_, err := h.Hash(t.Context(), "x", nil)
				results <- err
			}()
		}
		synctest.Wait()
		require.EqualValues(t, 2, running.Load())

		_, err := h.Hash(t.Context(), "x", nil)
		require.ErrorIs(t, err, ErrSaturated)

		for range 5 {
			<-gate
			require.NoError(t, <-results)
			synctest.Wait()
			require.LessOrEqual(t, running.Load(), int32(2))
		}
		require.Empty(t, h.admitted)
		require.Empty(t, h.hashing)
	})
}

func TestHasherFreesThePlaceOfACancelledCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, gate, _ := gated(HasherOptions{Concurrency: 1, Queue: 1})
		results := make(chan error, 1)
		go func() {
			_, err := h.Hash(t.Context(), "x", nil)
			results <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, err := h.Hash(ctx, "x", nil)
			waiting <- err
		}()
		synctest.Wait()
		require.Len(t, h.admitted, 2)

		cancel()

		require.ErrorIs(t, <-waiting, context.Canceled)
		synctest.Wait()
		require.Len(t, h.admitted, 1)
		<-gate
		require.NoError(t, <-results)
	})
}

func TestHasherIgnoresACancelledCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := NewHasher(HasherOptions{})
	h.key = func(context.Context, string, []byte, argon2id.Params) ([]byte, error) {
		panic("hashed for a cancelled caller")
	}

	_, err := h.Hash(ctx, "x", nil)

	require.ErrorIs(t, err, context.Canceled)
}

func TestHasherWithAKeyFunc(t *testing.T) {
	t.Parallel()
	params, salt := NewParams(64, 3, 2), []byte("0123456789abcdef")
	fails := false
	h := NewHasher(HasherOptions{Params: &params, Key: func(_ context.Context, password string, s []byte, p argon2id.Params) ([]byte, error) {
		require.Equal(t, "correct horse", password)
		require.Equal(t, salt, s)
		require.Equal(t, params, p)
		if fails {
			return nil, ErrSaturated
		}
		return []byte("key"), nil
	}})

	hash, err := h.Hash(t.Context(), "correct horse", salt)
	require.NoError(t, err)
	require.Equal(t, "$argon2id$v=19$m=64,t=3,p=2$MDEyMzQ1Njc4OWFiY2RlZg$a2V5", hash)

	fails = true
	_, err = h.Hash(t.Context(), "correct horse", salt)
	require.ErrorIs(t, err, ErrSaturated)
	require.Empty(t, h.admitted)
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(HasherOptions{})
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse", nil); err != nil {
			b.Fatal(err)
		}
	}
}
