//go:build ops

package parts_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// awaitWriter returns when new connections reach that node, and logs the nodes that they reach until then.
func awaitWriter(t *testing.T, h *parts.HAProxy, want int) {
	t.Helper()
	const none = -1
	began, last := time.Now(), none
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := h.Writer(ctx)
		if err != nil {
			got = none
		}
		if got != last {
			t.Logf("after %s node %d writes", time.Since(began).Round(100*time.Millisecond), got)
			last = got
		}
		return got == want
	}, time.Minute, 20*time.Millisecond)
}

func TestGalera(t *testing.T) {
	began := time.Now()
	g := parts.StartGalera(t)
	t.Logf("ready after %s", time.Since(began).Round(100*time.Millisecond))
	h := parts.StartHAProxy(t, g)
	awaitWriter(t, h, 0)

	g.Nodes[0].Kill()
	awaitWriter(t, h, 1)
	began = time.Now()
	require.NoError(t, g.Nodes[0].Start())
	t.Logf("back after %s", time.Since(began).Round(100*time.Millisecond))
	awaitWriter(t, h, 0)

	require.NoError(t, g.Nodes[0].Freeze())
	awaitWriter(t, h, 1)
	require.NoError(t, g.Nodes[0].Thaw())
	require.NoError(t, g.AwaitSynced(t.Context()))
	awaitWriter(t, h, 0)

	require.NoError(t, g.Nodes[2].Stop())
	require.NoError(t, g.Nodes[2].Start())
	require.NoError(t, parts.Each(3, 3, func(i int) error { g.Nodes[i].Kill(); return nil }))
	began = time.Now()
	require.NoError(t, g.Restart(0, 1, 2))
	t.Logf("all back after %s", time.Since(began).Round(100*time.Millisecond))
	awaitWriter(t, h, 0)
}
