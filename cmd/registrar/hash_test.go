package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
	"registrar/internal/store"
)

func TestHashErrors(t *testing.T) {
	clean(t)
	_, err := execute(t, "", "hash", "status")
	require.EqualError(t, err, "DATABASE_DSN: is not set")
	_, err = execute(t, "", "hash", "bench", "--target", "0s")
	require.EqualError(t, err, "--target and --timeout must be longer than 0 (they are 0s and 1m0s)")
	_, err = execute(t, "", "hash", "bench", "--timeout", "1ns")
	require.ErrorContains(t, err, "no parameters took at most 100ms")
}

func TestHashBench(t *testing.T) {
	clean(t)
	t.Setenv("HASH_CONCURRENCY", "1")
	out, err := execute(t, "", "hash", "bench", "--target", "1ns")
	require.ErrorContains(t, err, "no parameters took at most 1ns")
	require.Regexp(t, `^Hashes in parallel: 1 \(HASH_CONCURRENCY\)\n
HASH_MEMORY  HASH_ITERATIONS  HASH_PARALLELISM  ms a hash  hashes/s  memory of all
7168         5                1 +\d+\.\d +\d+\.\d +7 MiB\n$`, out, "it stops at the first parameters that take too long")
}

// The deadline passes after the first parameters, or later on a fast machine.
func TestHashBenchRecommends(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out bytes.Buffer
	require.NoError(t, benchHashes(ctx, &out, secret.DefaultParams(), 1, time.Minute))
	require.Regexp(t, `\nConfigured: m=19456,t=2,p=1\. The most expensive that took at most 1m0s:

HASH_MEMORY=\d+\nHASH_ITERATIONS=\d\nHASH_PARALLELISM=1\n$`, out.String())
}

func TestPrintHashes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := printHashes(&out, []store.HashCount{
		{Parameters: "$argon2id$v=19$m=19456,t=2,p=1", Users: 120}, {Parameters: "", Users: 7}, {Parameters: "$argon2id$v=19$m=47104,t=2,p=1", Users: 3},
	}, secret.NewParams(47104, 1, 1))
	require.NoError(t, err)
	require.Equal(t, `parameters                      users  weaker than configured
$argon2id$v=19$m=19456,t=2,p=1  120    yes
other                           7      yes
$argon2id$v=19$m=47104,t=2,p=1  3      no

127 users have a hash weaker than m=47104,t=1,p=1
`, out.String())
}
