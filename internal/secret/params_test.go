package secret

import (
	"context"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
)

func TestMeetsMinimum(t *testing.T) {
	t.Parallel()
	for _, p := range append(BenchParams(), DefaultParams(), NewParams(19456, 3, 4)) {
		require.True(t, MeetsMinimum(p), p)
	}
	for _, p := range []argon2id.Params{
		CheapParams(), NewParams(19455, 2, 1), NewParams(47103, 1, 1), NewParams(19456, 1, 1), NewParams(19456, 2, 0), NewParams(7167, 20, 1),
	} {
		require.False(t, MeetsMinimum(p), p)
	}
}

func TestParamsOfAHash(t *testing.T) {
	t.Parallel()
	require.Equal(t, "m=19456,t=2,p=1", ParamsOf(goldenHash))
	for _, hash := range []string{"", "$2y$10$abc", "$argon2i$v=19$m=19456,t=2,p=1$a$b", "$argon2id$v=16$m=19456,t=2,p=1$a$b"} {
		require.Empty(t, ParamsOf(hash), hash)
	}
	for _, p := range append(BenchParams(), CheapParams(), NewParams(1024*1024, 20, 16)) {
		parsed, ok := ParseParams(FormatParams(p))
		require.True(t, ok)
		require.Equal(t, p, parsed)
	}
	for _, text := range []string{"", "m=1,t=1", "m=1,t=1,p=1,x=1", "m=01,t=1,p=1", "m=-1,t=1,p=1", "m=1,t=1,p=256", "m=4294967296,t=1,p=1",
		"m=1048577,t=2,p=1", "m=19456,t=21,p=1", "m=19456,t=2,p=17", "m=19456,t=0,p=1", "m=19456,t=2,p=0"} {
		_, ok := ParseParams(text)
		require.False(t, ok, text)
	}
}

func TestNeedsRehash(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]bool{
		"m=19456,t=2,p=1": false, "m=65536,t=3,p=4": false,
		"m=19455,t=2,p=1": true, "m=65536,t=1,p=1": true, "": true, "other": true,
	} {
		require.Equal(t, want, NeedsRehash(params, DefaultParams()), params)
	}
}

func TestHashLike(t *testing.T) {
	t.Parallel()
	cheap := CheapParams()
	h := NewHasher(HasherOptions{Params: &cheap})
	hash, err := h.HashLike(t.Context(), ParamsOf(goldenHash), "correct horse", []byte("0123456789abcdef"))
	require.NoError(t, err)
	require.Equal(t, goldenHash, hash)
	_, err = h.HashLike(t.Context(), "m=8", "correct horse", nil)
	require.EqualError(t, err, `"m=8" are no parameters of argon2id within the service's bounds`)
}

func TestMeasureHash(t *testing.T) {
	t.Parallel()
	took, err := MeasureHash(t.Context(), CheapParams(), 2)
	require.NoError(t, err)
	require.Positive(t, took)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = MeasureHash(ctx, CheapParams(), 2)
	require.ErrorIs(t, err, context.Canceled)
}
