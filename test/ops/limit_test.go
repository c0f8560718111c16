//go:build ops

package ops_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"registrar/test/parts"
)

// limited has two API servers with shared limits, behind a proxy.
type limited struct {
	*site
	redis *parts.Redis
	api   []*parts.Replica
	front *parts.Front
}

func startLimited(t *testing.T, s *site) *limited {
	t.Helper()
	l := &limited{site: s, redis: parts.StartRedis(t)}
	settings := s.settings.With("LIMIT_REDIS_URL", l.redis.URL(), "API_TRUSTED_PROXIES", "127.0.0.1/32",
		"LIMIT_REGISTRATIONS", "6/1h", "LIMIT_CODES", "1000/1m", "LIMIT_DESTINATION_CLIENTS", "2/1h", "LIMIT_SMS", "1000/1h")
	addresses := parts.Addresses(2)
	for i, address := range addresses {
		l.api = append(l.api, s.program.StartAPI(t, fmt.Sprintf("limited%d", i), settings.With("API_ADDR", address)))
	}
	l.front = parts.StartFront(t, addresses...)
	return l
}

// from returns a client with its own address, 127.0.1.n, which sends a false X-Forwarded-For in each request.
func (l *limited) from(n byte) *parts.Client {
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, n)}}).DialContext}
	forged := 0
	return parts.NewClientVia(l.front.URL(), roundTrip(func(r *http.Request) (*http.Response, error) {
		forged++
		r.Header["X-Forwarded-For"] = []string{fmt.Sprintf("203.0.113.%d", forged), fmt.Sprintf("203.0.114.%d", forged)}
		return transport.RoundTrip(r)
	}))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newPerson() parts.Form { return parts.UserForm(int(persons.Add(1)) - 1) }

func requireLimited(t *testing.T, err error) {
	t.Helper()
	var refusal *parts.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 429, refusal.Status)
	require.Equal(t, "rate_limited", refusal.Code)
	wait, err := strconv.Atoi(refusal.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, time.Hour.Seconds(), wait, 60)
}

// TestLimits checks that replicas share their limits, and that users can still register after the limits' store was killed.
func TestLimits(t *testing.T) {
	l := startLimited(t, shared)
	one, form := l.from(2), newPerson()

	_, err := one.Register(t.Context(), form, "limits-1")
	require.NoError(t, err)
	second, err := one.Register(t.Context(), form, "limits-2") // beside the first registration
	require.NoError(t, err)
	_, err = one.Register(t.Context(), form, "limits-3")
	requireLimited(t, err)
	again, err := one.Register(t.Context(), form, "limits-2")
	require.NoError(t, err, "a retry is not refused")
	require.Equal(t, second, again)

	for range 2 {
		_, err = one.Register(t.Context(), newPerson(), "")
		require.NoError(t, err)
	}
	_, err = one.Register(t.Context(), newPerson(), "")
	requireLimited(t, err)
	_, err = l.from(3).Register(t.Context(), newPerson(), "")
	require.NoError(t, err, "another client")

	l.requireNothingClear(t)
	l.survivesAnOutage(t)
	l.cancelRunning(t, 11) // other tests start with no running registration
}

// cancelRunning cancels all running registrations and requires that there are n.
func (s *site) cancelRunning(t *testing.T, n int) {
	t.Helper()
	const running = "ExecutionStatus='Running'"
	s.awaitCount(t, running, n)
	found, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: running})
	require.NoError(t, err)
	for _, one := range found.GetExecutions() {
		require.NoError(t, s.temporal.CancelWorkflow(t.Context(), one.GetExecution().GetWorkflowId(), ""))
	}
	s.awaitCount(t, running, 0)
}

// requireNothingClear checks that no key or value in Redis contains personal data.
func (l *limited) requireNothingClear(t *testing.T) {
	t.Helper()
	c, err := redis.DialURL(l.redis.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	keys, err := redis.Strings(c.Do("KEYS", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		require.Regexp(t, `^registrar:limit:(registration|code|asker|sms-total):[a-z2-7]{32}$`, key)
		acts, err := redis.Strings(c.Do("ZRANGE", key, 0, -1))
		require.NoError(t, err)
		for _, act := range acts {
			require.Regexp(t, `^([A-Z2-7]{26}|[0-9a-f]{8}-[0-9a-f-]{27})$`, act) // random, or a registration id
		}
		left, err := redis.Int(c.Do("PTTL", key))
		require.NoError(t, err)
		require.Positive(t, left, "every key expires")
	}
}

// survivesAnOutage requires one log line of each replica for the loss of Redis, and one for its return.
func (l *limited) survivesAnOutage(t *testing.T) {
	t.Helper()
	l.redis.Kill()
	one := l.from(4)
	var last parts.Handle
	for range 6 {
		var err error
		last, err = one.Register(t.Context(), newPerson(), "")
		require.NoError(t, err)
	}
	for _, api := range l.api {
		require.NoError(t, api.Ready(t.Context()))
		require.Equal(t, 1, strings.Count(api.Process().Log(), `"level":"WARN","msg":"rate limits are not shared`), api.Process().Tail())
	}
	require.NoError(t, l.redis.Start())
	require.NoError(t, parts.Await(t.Context(), 30*time.Second, nil, func(ctx context.Context) error {
		_, _ = one.Verify(ctx, last, "1") // is counted and refused
		for _, api := range l.api {
			if !strings.Contains(api.Process().Log(), "rate limits are shared again") {
				return errors.New(api.Name() + " has not noticed that Redis is back")
			}
		}
		return nil
	}))
	for _, api := range l.api {
		for _, address := range []string{"127.0.1.", "203.0.11"} {
			require.NotContains(t, api.Process().Log(), address)
		}
	}
}
