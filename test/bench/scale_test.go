package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCoresAndNodes(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 50, coresFor(30, 1000), 1e-9)
	require.Equal(t, minNodes, nodesFor(0.1))
	require.Equal(t, 2, nodesFor(16))
	require.Equal(t, 3, nodesFor(16.1))
}

// The first example is that of Temporal's page on prices.
func TestCloudPrice(t *testing.T) {
	t.Parallel()
	for actions, dollars := range map[float64]float64{
		11.25e6: 525, 0: 0, 1e6: 50, 5e6: 250, 100e6: 250 + 225 + 400 + 1050 + 1500, 300e6: 250 + 225 + 400 + 1050 + 1500 + 5000,
	} {
		require.InDelta(t, dollars, cloudPrice(actions), 1e-6, actions)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	r := Report{Figures: []Figure{{Key: "cluster/cpu/total", Value: 90}, {Key: "dev/rss", Value: 1}}}
	require.Empty(t, r.Scale())
	r.Figures = append(r.Figures, Figure{Key: "cluster/cpu/api-1", Value: 10}, Figure{Key: "cluster/cpu/api-2", Value: 20}, Figure{Key: "temporal/sms/actions", Value: 9})
	text := r.Scale()
	require.Contains(t, text, "| api     | 30.0              | 50.0, 7                | 500, 63                 |")
	require.Contains(t, text, "At 1000/s: 7 nodes, $1680 a month.")
	require.Contains(t, text, "$430 for a million registrations a month")
}
