//go:build ops

package limit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestRedis holds a real server to what every store promises.
func TestRedis(t *testing.T) {
	s, err := newRedis(parts.StartRedis(t).URL())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.client.Close()) })
	testStore(t, s)
}
