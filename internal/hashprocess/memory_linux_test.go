//go:build !race

package hashprocess

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
)

// The race detector needs several times the memory, so these tests are not run with it.

// A process does not keep the memory of a hash that needed more than the following ones.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	const large = 256 * 1024 // KiB
	pool, _ := started(t, 1)
	for _, memory := range []uint32{large, 64} {
		_, err := pool.Key(t.Context(), password, salt, secret.NewParams(memory, 1, 1))
		require.NoError(t, err)
	}
	all := pool.borrowAll()
	defer pool.giveBack(all)
	require.Eventually(t, func() bool { return all[0].resident(t) < large/2 }, 10*time.Second, 10*time.Millisecond)
}

// A process at the default cost needs the memory of two hashes besides the data of the program.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	all := pool.borrowAll()
	before := all[0].resident(t)
	pool.giveBack(all)
	for range 20 {
		_, err := pool.Key(t.Context(), password, salt, secret.DefaultParams())
		require.NoError(t, err)
	}
	require.Less(t, all[0].resident(t), before+2*19456)
}

// resident returns the resident memory in KiB.
func (p *process) resident(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile(p.path("statm"))
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize() / 1024
}
