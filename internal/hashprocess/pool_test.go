package hashprocess

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
)

func TestKey(t *testing.T) {
	t.Parallel()
	pool, logged := started(t, 1)

	for _, p := range []argon2id.Params{
		secret.DefaultParams(), secret.NewParams(8, 1, 1), secret.NewParams(64*1024, 1, 4), secret.DefaultParams(),
		{Memory: 64, Iterations: 3, Parallelism: 2, KeyLength: 64},
	} {
		for range 3 { // with memory of earlier hashes, too
			key, err := pool.Key(t.Context(), password, salt, p)
			require.NoError(t, err)
			require.Equal(t, keyOf(password, p), key, secret.FormatParams(p))
		}
	}
	require.Empty(t, logged.String())
}

func TestKeyInParallel(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 3)

	var callers sync.WaitGroup
	for caller := range 10 {
		callers.Go(func() {
			for round := range 20 {
				each := fmt.Sprint(caller, round)
				key, err := pool.Key(t.Context(), each, salt, params)
				if err != nil || string(key) != string(keyOf(each, params)) {
					t.Errorf("%s: %x, %v", each, key, err)
				}
			}
		})
	}
	callers.Wait()
}

// A hasher whose hashes are computed by a pool returns what it returned before.
func TestHasherWithAPool(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	h := secret.NewHasher(secret.HasherOptions{Key: pool.Key})

	hash, err := h.Hash(t.Context(), password, salt)
	require.NoError(t, err)
	require.Equal(t, "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk", hash)

	hash, err = h.HashLike(t.Context(), "m=12288,t=3,p=1", password, nil)
	require.NoError(t, err)
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	require.NoError(t, err)
	require.True(t, match)
}

func TestKeyRefusesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	longest := strings.Repeat("x", maxPassword)

	key, err := pool.Key(t.Context(), longest, make([]byte, maxSalt), params)
	require.NoError(t, err)
	require.Len(t, key, 32)

	for name, r := range map[string]request{
		"password":          {[]byte(longest + "x"), salt, params},
		"salt":              {nil, make([]byte, maxSalt+1), params},
		"key length":        {nil, salt, argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, KeyLength: maxKey + 1}},
		"m=1048577,t=1,p=1": {nil, salt, secret.NewParams(secret.MaxMemory+1, 1, 1)},
		"m=64,t=0,p=1":      {nil, salt, secret.NewParams(64, 0, 1)},
		"m=64,t=1,p=0":      {nil, salt, secret.NewParams(64, 1, 0)},
	} {
		_, err := pool.Key(t.Context(), string(r.password), r.salt, r.params)
		require.ErrorContains(t, err, name)
		require.NotErrorIs(t, err, secret.ErrSaturated)
	}
	requireKey(t, pool)
}

func TestACallerWaitsForAProcessUntilItIsCancelled(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	busy := pool.borrowAll()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := pool.Key(ctx, password, salt, params)
		failed <- err
	}()

	cancel()

	require.ErrorIs(t, <-failed, context.Canceled)
	pool.giveBack(busy)
	requireKey(t, pool)
}

func TestOpenChecksTheProcesses(t *testing.T) {
	t.Parallel()
	missing := func() *exec.Cmd { return &exec.Cmd{Path: "/no/such/program"} }
	for name, tt := range map[string]struct {
		command func() *exec.Cmd
		message string
	}{
		"no program":   {missing, "/no/such/program"},
		"ends":         {named(endsAtOnce), "exit status"},
		"wrong hash":   {named(wrongHash), "wrong hash"},
		"prints first": {named(printsFirst), "not one to the request"},
	} {
		pool, _ := setup(t, 2)
		pool.command = tt.command
		err := pool.start()
		require.ErrorContains(t, err, "start the hash processes", name)
		require.ErrorContains(t, err, tt.message, name)
		_, err = pool.Key(t.Context(), password, salt, params)
		require.ErrorIs(t, err, ErrClosed, name)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	pool, _ := setup(t, 2)
	require.NoError(t, pool.start())
	all := pool.borrowAll()
	pool.giveBack(all)

	pool.Close()

	for _, p := range all {
		require.True(t, p.hasEnded())
	}
	_, err := pool.Key(t.Context(), password, salt, params)
	require.ErrorIs(t, err, ErrClosed)
}

// The second process fails too, so the caller is refused. The next one gets a new process.
func TestACallerIsRefusedAfterTwoFailures(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{ends: "(exit status 1): read the answer: EOF", garbage: "not one to the request"} {
		pool, logged := setup(t, 1)
		pool.command = named(name)
		require.NoError(t, pool.start(), name)
		t.Cleanup(pool.Close)

		_, err := pool.Key(t.Context(), password, salt, params)

		require.ErrorIs(t, err, secret.ErrSaturated, name)
		lines := strings.Split(strings.TrimSpace(logged.String()), "\n")
		require.Len(t, lines, attempts, name)
		for _, line := range lines {
			require.Contains(t, line, "a hash process failed", name)
			require.Contains(t, line, message, name)
			require.NotContains(t, line, password, name)
		}
		pool.command = command
		requireKey(t, pool)
	}
}

// While no process can be started, callers wait for the next attempt, so that attempts do not use up the CPU.
func TestAProcessThatCannotBeStartedIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	all := pool.borrowAll()
	all[0].stop()
	pool.giveBack(all)
	starts := 0
	pool.command = func() *exec.Cmd { starts++; return &exec.Cmd{Path: "/no/such/program"} }

	began := time.Now()
	_, err := pool.Key(t.Context(), password, salt, params)
	require.ErrorIs(t, err, secret.ErrSaturated)
	require.Equal(t, attempts, starts)
	require.GreaterOrEqual(t, time.Since(began), restartDelay)

	pool.command = command
	requireKey(t, pool)
}

func TestTimeoutOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, minTimeout+1187500*time.Microsecond, timeoutOf(secret.DefaultParams()))
	require.Equal(t, minTimeout+640*time.Second, timeoutOf(secret.NewParams(secret.MaxMemory, secret.MaxIterations, 1)))
}
