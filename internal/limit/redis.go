package limit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// shared is the store of all replicas, in one Redis or Valkey (a cluster would need all keys of a call in one slot). A key
// is a sorted set of acts by the server's time, in milliseconds.
type shared struct{ client *redis.Client }

// take, in one step for all replicas. The act that makes room is the one that leaves as many as the rate allows, less one.
var takeScript = redis.NewScript(`
local act, most, period = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for _, key in ipairs(KEYS) do
	redis.call('ZREMRANGEBYSCORE', key, '-inf', now - period)
	if redis.call('ZCARD', key) >= most and not redis.call('ZSCORE', key, act) then
		local blocking = redis.call('ZRANGE', key, -most, -most, 'WITHSCORES')
		wait = math.max(wait, blocking[2] + period - now)
	end
end
if wait > 0 then
	return wait
end
for _, key in ipairs(KEYS) do
	redis.call('ZADD', key, 'NX', now, act)
	redis.call('PEXPIRE', key, period)
end
return 0
`)

// disableClientLog stops the client's own lines on standard error, of which there would be one for each try.
var disableClientLog = sync.OnceFunc(logging.Disable)

// newRedis connects when it is first used.
func newRedis(address string) (*shared, error) {
	disableClientLog()
	o, err := redis.ParseURL(address)
	if unreadable := new(url.Error); errors.As(err, &unreadable) {
		return nil, errors.New("is no URL") // the cause has the password
	}
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled = true
	o.MaxRetries = 1 // a connection that the server has closed since; more would take longer than anybody waits
	return &shared{redis.NewClient(o)}, nil
}

func (s *shared) take(ctx context.Context, r Rate, act string, keys []string) (time.Duration, error) {
	wait, err := takeScript.Run(ctx, s.client, keys, act, r.Most, r.Period.Milliseconds()).Int64()
	if err != nil {
		return 0, fmt.Errorf("count in Redis: %w", err)
	}
	return time.Duration(wait) * time.Millisecond, nil
}

func (s *shared) release(ctx context.Context, act string, keys []string) error {
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range keys {
			p.ZRem(ctx, key, act)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release in Redis: %w", err)
	}
	return nil
}
