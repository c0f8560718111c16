package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchmath"

	"registrar/internal/config"
	"registrar/internal/secret"
)

const (
	concealRuns    = 10
	concealPerKind = 1000 // requests of a run with a new address, and as many with a taken one
	concealLoad    = 10   // users per second who register in the background
	significant    = 0.05
)

// BenchmarkConceal compares the times of registrations of new and of taken addresses with CONCEAL_ACCOUNTS=true, idle and
// under load. Each run interleaves the requests in random order. It reports the p value of a Mann–Whitney U test for each run:
// in 10 % of the runs or fewer, it may be below 0.05. Passwords are hashed cheaply, because hashing only adds the same noise
// to both.
func BenchmarkConceal(b *testing.B) {
	for name, load := range map[string]int{"idle": 0, "load": concealLoad} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				benchmarkConceal(b, load)
			}
		})
	}
}

func benchmarkConceal(b *testing.B, load int) {
	// With a long wait, a stall of the machine makes an answer late, not a 202.
	c, err := config.Load(append(defaults(), "CONCEAL_ACCOUNTS=true", "API_WAIT_BUDGET=20s", "API_MAX_WAIT=1h"))
	require.NoError(b, err)
	cheap := secret.CheapParams()
	s, err := start(context.Background(), options{
		data: b.TempDir(), config: c, logger: slog.New(slog.DiscardHandler), hasher: secret.NewHasher(secret.HasherOptions{Params: &cheap}),
	})
	require.NoError(b, err)
	defer func() { require.NoError(b, s.stop()) }()
	insertHolders(b, s.data, concealRuns*concealPerKind)
	client := &registrationClient{url: s.base + registrations, http: &http.Client{Timeout: 30 * time.Second}}
	for range 100 { // the first ones are slower
		_, err := client.post()
		require.NoError(b, err)
	}
	defer client.inBackground(b, load)()
	b.ResetTimer()
	equal := 0
	for run := range concealRuns {
		fresh, taken := client.interleave(b, run)
		compared := benchmath.AssumeNothing.Compare(fresh, taken)
		require.Empty(b, compared.Warnings)
		if compared.P > significant {
			equal++
		}
		b.Logf("run %2d: p = %.3f; medians %.2f ms new, %.2f ms taken", run+1, compared.P, median(fresh), median(taken))
	}
	b.ReportMetric(float64(equal), "runs-with-p>0.05")
	b.ReportMetric(concealRuns, "runs")
}

// interleave registers new and taken addresses in random order, one after the other, and returns the times of each in
// milliseconds.
func (c *registrationClient) interleave(b *testing.B, run int) (fresh, taken *benchmath.Sample) {
	b.Helper()
	var times [2][]float64
	for _, n := range rand.Perm(2 * concealPerKind) {
		kind := n % 2
		// A new and a taken address have the same length. No address is used twice.
		email := fmt.Sprintf("%s%d@example.com", [...]string{"nobody", "person"}[kind], run*concealPerKind+n/2+1)
		took, err := c.postEmail(email)
		require.NoError(b, err)
		times[kind] = append(times[kind], float64(took.Microseconds())/1000)
	}
	thresholds := &benchmath.Thresholds{CompareAlpha: significant}
	return benchmath.NewSample(times[0], thresholds), benchmath.NewSample(times[1], thresholds)
}

func median(s *benchmath.Sample) float64 { return s.Values[len(s.Values)/2] } // the values are sorted

// inBackground registers users at a rate until stop is called.
func (c *registrationClient) inBackground(b *testing.B, rate int) (stop func()) {
	if rate == 0 {
		return func() {}
	}
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				running.Go(func() {
					if _, err := c.post(); err != nil {
						b.Error(err)
					}
				})
			case <-done:
				return
			}
		}
	})
	return func() { close(done); running.Wait() }
}
