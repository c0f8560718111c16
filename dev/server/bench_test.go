package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/test/parts"
)

// BenchmarkRegister measures the time from POST to 201 of the whole service. The variants are 1 or 10 callers, production or
// minimal hashing, child processes or this one, and whether the user is stored in a local activity first or always in a regular one.
func BenchmarkRegister(b *testing.B) {
	cheapParams := secret.CheapParams()
	hashers := []struct {
		name, setting string
		hasher        api.Hasher
	}{
		{"hash=argon2id", "HASH_PROCESSES=true", nil},
		{"hash=argon2id-in-process", "HASH_PROCESSES=false", nil},
		{"hash=off", "HASH_PROCESSES=false", secret.NewHasher(secret.HasherOptions{Params: &cheapParams})},
	}
	for _, callers := range []int{1, 10} {
		for _, h := range hashers {
			for _, locally := range []bool{true, false} {
				b.Run(fmt.Sprintf("callers=%d/%s/local=%t", callers, h.name, locally), func(b *testing.B) {
					benchmarkRegister(b, callers, options{hasher: h.hasher}, h.setting, "PERSIST_LOCALLY="+strconv.FormatBool(locally))
				})
			}
		}
	}
}

// BenchmarkMetrics measures the processor time of a registration with and without metrics, in turns and without hashing.
func BenchmarkMetrics(b *testing.B) {
	cheapParams := secret.CheapParams()
	hasher := secret.NewHasher(secret.HasherOptions{Params: &cheapParams})
	for turn := range 3 {
		for _, unmeasured := range []bool{false, true} {
			b.Run(fmt.Sprintf("turn=%d/metrics=%t", turn, !unmeasured), func(b *testing.B) {
				benchmarkRegister(b, 10, options{hasher: hasher, unmeasured: unmeasured})
			})
		}
	}
}

// processorTime returns the processor time that this process and its children, the hash processes, have used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	used, err := parts.UsageOf(os.Getpid())
	require.NoError(b, err)
	return used.CPU
}

func benchmarkRegister(b *testing.B, callers int, o options, settings ...string) {
	c, err := config.Load(slices.Concat(defaults(), []string{"API_MAX_WAIT=1h"}, settings))
	require.NoError(b, err)
	o.data, o.config, o.logger = b.TempDir(), c, slog.New(slog.DiscardHandler)
	s, err := start(context.Background(), o)
	require.NoError(b, err)
	defer func() { require.NoError(b, s.stop()) }()
	registrar := &registrationClient{url: s.base + "/v1/registrations", http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: callers},
	}}
	for range 20 {
		_, err := registrar.post()
		require.NoError(b, err)
	}
	used := processorTime(b)
	b.ResetTimer()
	took := registrar.run(b, callers, b.N)
	b.StopTimer()
	used = processorTime(b) - used
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
}

// registrationClient registers users with different emails.
type registrationClient struct {
	url  string
	http *http.Client
	next atomic.Int64
}

// run posts n registrations from parallel callers and returns the duration of each.
func (c *registrationClient) run(b *testing.B, callers, n int) []time.Duration {
	took := make([]time.Duration, n)
	var at atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := int(at.Add(1)) - 1; i < n; i = int(at.Add(1)) - 1 {
				d, err := c.post()
				if err != nil {
					b.Error(err)
				}
				took[i] = d
			}
		})
	}
	wg.Wait()
	return took
}

func (c *registrationClient) post() (time.Duration, error) {
	return c.postEmail(fmt.Sprintf("ada%d@example.com", c.next.Add(1)))
}

func (c *registrationClient) postEmail(email string) (time.Duration, error) {
	body := fmt.Sprintf(`{"first_name":"Ada","last_name":"Lovelace","email":"%s",`+
		`"mobile_number":"+491701234567","password":"difference engine no. 2"}`, email)
	began := time.Now()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.url, bytes.NewBufferString(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusAccepted {
		return 0, fmt.Errorf("answered %s", answer.Status)
	}
	return time.Since(began), nil
}
