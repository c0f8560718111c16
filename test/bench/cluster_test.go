package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	testparts "registrar/test/parts"
)

func TestClusterCost(t *testing.T) {
	t.Parallel()
	reading := func(api, temporal time.Duration) clusterUsage {
		return clusterUsage{
			{"api0", testparts.Usage{CPU: api, Resident: 150e6}}, {"temporal0", testparts.Usage{CPU: temporal, Resident: 300e6}},
		}
	}
	cost := reading(5*time.Second, 9*time.Second).since(reading(3*time.Second, 6*time.Second)).divided(100)
	require.Equal(t, clusterCost{{"api0", true, 20}, {"temporal0", false, 30}}, cost)
	require.InDelta(t, 50, cost.total(), 1e-9)
	require.Equal(t, []processFigure{{"api0", true, 150}, {"temporal0", false, 300}}, reading(0, 0).memory())
}

// Every limit is counted in Valkey, as in production, and none is reached.
func TestCountingLimits(t *testing.T) {
	t.Parallel()
	settings := countingLimits()
	require.Contains(t, settings, "LIMIT_REGISTRATIONS")
	require.Contains(t, settings, "LIMIT_SMS_PREFIX")
	require.NotContains(t, settings, "LIMIT_SMS_CONVERSION") // a percentage; users who only wait would reach it
	require.NotContains(t, settings, "0")
}
