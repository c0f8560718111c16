package api

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEngineGrace(t *testing.T) {
	t.Parallel()
	now, away := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), errors.New("away")
	g := gracePeriod{limit: 10 * time.Second, now: func() time.Time { return now }}
	require.Equal(t, away, g.check(away), "it never was there")
	require.NoError(t, g.check(nil))
	now = now.Add(10*time.Second - 1)
	require.NoError(t, g.check(away))
	now = now.Add(1)
	require.Equal(t, away, g.check(away))
	require.NoError(t, g.check(nil))
	require.NoError(t, g.check(away))

	none := gracePeriod{now: func() time.Time { return now }}
	require.NoError(t, none.check(nil))
	require.Equal(t, away, none.check(away))
}
