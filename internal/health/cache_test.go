package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/health"
)

func TestParallelProbesShareOneRun(t *testing.T) {
	t.Parallel()
	const probes = 100
	var runs, waiting atomic.Int64
	release := make(chan struct{})
	check := health.Cached(func(context.Context) error {
		runs.Add(1)
		<-release
		return nil
	}, time.Second, func() time.Time { return time.Unix(0, 0) })
	var all sync.WaitGroup
	for range probes {
		all.Go(func() {
			if waiting.Add(1) == probes {
				close(release)
			}
			if err := check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, runs.Load())
}

func TestCachedResultExpires(t *testing.T) {
	t.Parallel()
	now, runs, failure := time.Unix(0, 0), 0, errors.New("failure")
	result := failure
	check := health.Cached(func(context.Context) error { runs++; return result }, time.Second, func() time.Time { return now })
	require.Equal(t, failure, check(t.Context()))
	result = nil
	now = now.Add(time.Second - 1)
	require.ErrorIs(t, check(t.Context()), failure)
	require.Equal(t, 1, runs)
	now = now.Add(1)
	require.NoError(t, check(t.Context()))
	result = failure
	require.NoError(t, check(t.Context()))
	require.Equal(t, 2, runs)
}

// A client that disconnects must not make the process not ready for others.
func TestDisconnectedProbeIsNotCached(t *testing.T) {
	t.Parallel()
	ctx, disconnect := context.WithTimeout(t.Context(), time.Hour)
	runs := 0
	check := health.Cached(func(ctx context.Context) error {
		runs++
		disconnect()
		_, limited := ctx.Deadline()
		require.True(t, limited)
		return ctx.Err()
	}, 0, time.Now)
	require.NoError(t, check(ctx))
	require.ErrorIs(t, check(ctx), context.Canceled)
	require.Equal(t, 1, runs)
}

func TestFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	checks := health.Checks{"engine": health.Cached(fails, time.Hour, time.Now)}
	for range 3 {
		report := checks.Run(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
		require.Equal(t, health.StatusNotReady, report.Status)
	}
	require.Equal(t, 1, strings.Count(log.String(), "s3cret cause"))
}
