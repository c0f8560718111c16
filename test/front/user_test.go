//go:build ops

package front_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// users register one after the other, each over a new connection, until stop is called. They are in other networks than
// the attackers.
type users struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu        sync.Mutex
	latencies []time.Duration
	failures  []string
}

const (
	manyUsers = 5                      // at a time
	userPause = 100 * time.Millisecond // of each, between two registrations
	minServed = 50
)

func (s *system) startUsers(t *testing.T) *users {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	u := &users{cancel: cancel}
	for i := range manyUsers {
		client := &http.Client{
			Timeout: 10 * time.Second,
			Transport: &http.Transport{
				DisableKeepAlives: true,
				DialContext:       (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 200, byte(i), 1)}}).DialContext,
			},
		}
		u.done.Go(func() {
			tick := time.NewTicker(userPause)
			defer tick.Stop()
			for ctx.Err() == nil {
				u.register(ctx, client, "http://"+s.address)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return u
}

// register checks that the answer belongs to the request.
func (u *users) register(ctx context.Context, client *http.Client, base string) {
	id, began := uuid.NewString(), time.Now()
	body := `{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com","password":"correct horse battery staple"}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/registrations", strings.NewReader(body))
	if err != nil {
		panic(err) // cannot happen: the address is valid
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Request-Id", id)
	response, err := client.Do(r)
	if ctx.Err() != nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.latencies = append(u.latencies, time.Since(began))
	switch {
	case err != nil:
		u.failures = append(u.failures, err.Error())
		return
	case response.StatusCode != http.StatusCreated || response.Header.Get("X-Request-Id") != id:
		u.failures = append(u.failures, fmt.Sprint(response.StatusCode, response.Header))
	}
	_ = response.Body.Close()
}

// maxLatency is API_WAIT_BUDGET's default. Without an attack, users wait some milliseconds; the attackers share the
// machine's CPUs with the servers.
const maxLatency = 3 * time.Second

// stop waits for minServed registrations, requires that each user was served, and returns their latencies as text.
func (u *users) stop(t *testing.T) string {
	t.Helper()
	require.Eventually(t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return len(u.latencies) >= minServed
	}, 10*time.Second, 10*time.Millisecond)
	u.cancel()
	u.done.Wait()
	require.Empty(t, u.failures)
	slices.Sort(u.latencies)
	at := func(percent int) time.Duration {
		return u.latencies[(len(u.latencies)-1)*percent/100].Round(100 * time.Microsecond)
	}
	require.Less(t, at(95), maxLatency)
	return fmt.Sprintf("%d users served, p50 %s, p95 %s, max %s", len(u.latencies), at(50), at(95), at(100))
}
