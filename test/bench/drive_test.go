package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	testparts "registrar/test/parts"
)

// Operations of the warm-up and those that end after the window are not counted.
func TestDriveMeasuresTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all atomic.Int64
		var edges []time.Duration
		began := time.Now()
		edge := func() error { edges = append(edges, time.Since(began)); return nil }
		done, err := drive{
			callers: 3, warmup: 1050 * time.Millisecond, window: 2 * time.Second, begin: edge, end: edge,
			operate: func(ctx context.Context) (sample, error) {
				all.Add(1)
				return sample{answer: 100 * time.Millisecond}, pause(ctx, 100*time.Millisecond)
			},
		}.run(t.Context())
		require.NoError(t, err)
		require.Len(t, done.samples, 60)
		require.InDelta(t, 30, done.rate(), 0.01)
		require.Equal(t, []time.Duration{1050 * time.Millisecond, 3050 * time.Millisecond}, edges)
		require.EqualValues(t, 93, all.Load())
	})
}

func TestDriveEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		began := time.Now()
		_, err := drive{
			callers: 2, window: time.Hour,
			operate: func(ctx context.Context) (sample, error) {
				if err := pause(ctx, time.Second); err != nil {
					return sample{}, err
				}
				return sample{}, broken
			},
		}.run(t.Context())
		require.ErrorIs(t, err, broken)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestDriveEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := drive{callers: 2, window: time.Hour, operate: func(ctx context.Context) (sample, error) {
			return sample{}, pause(ctx, time.Second)
		}}.run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestRefusedFor(t *testing.T) {
	t.Parallel()
	refusal := func(status int, after string) error {
		return &testparts.Refusal{Status: status, Header: http.Header{"Retry-After": {after}}}
	}
	wait, refused := refusedFor(refusal(http.StatusServiceUnavailable, "2"))
	require.True(t, refused)
	require.Equal(t, 2*time.Second, wait)
	_, refused = refusedFor(refusal(http.StatusTooManyRequests, "1"))
	require.True(t, refused)
	for _, err := range []error{nil, errors.New("no answer"), refusal(http.StatusServiceUnavailable, ""), refusal(http.StatusConflict, "1")} {
		_, refused = refusedFor(err)
		require.False(t, refused)
	}
}
