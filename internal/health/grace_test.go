package health

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGracePeriod(t *testing.T) {
	t.Parallel()
	now, failure := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), errors.New("failure")
	g := NewGracePeriod(10*time.Second, func() time.Time { return now })
	require.Equal(t, failure, g.Check(failure), "no success yet")
	require.NoError(t, g.Check(nil))
	now = now.Add(10*time.Second - 1)
	require.NoError(t, g.Check(failure))
	now = now.Add(1)
	require.Equal(t, failure, g.Check(failure))
	require.NoError(t, g.Check(nil))
	require.NoError(t, g.Check(failure))

	none := NewGracePeriod(0, func() time.Time { return now })
	require.NoError(t, none.Check(nil))
	require.Equal(t, failure, none.Check(failure))
}
