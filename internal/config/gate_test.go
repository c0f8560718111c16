package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	t.Parallel()
	g := load(t).Gate
	require.Equal(t, time.Second, g.GateTimeout)
	require.Equal(t, "closed", g.GateFail)
	require.Empty(t, g.Secrets())
	for _, setting := range []string{"a b", "a,b", " a, b\n"} {
		require.Equal(t, []string{"a", "b"}, load(t, "GATE_SECRET="+setting).Gate.Secrets())
	}
}
