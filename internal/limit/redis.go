package limit

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// shared is the store of all replicas in one Redis or Valkey. A Redis Cluster does not work, because it would need all keys
// of a call in one slot. Each key is a sorted set of actions, with the server's time in milliseconds as the score.
type shared struct {
	server *redisServer
	pool   *redis.Pool
}

// takeScript is take as one atomic step. A full key has room again when the action `max` places from its end expires.
var takeScript = redis.NewScript(-1, `
local action, max, period = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for _, key in ipairs(KEYS) do
	redis.call('ZREMRANGEBYSCORE', key, '-inf', now - period)
	if redis.call('ZCARD', key) >= max and not redis.call('ZSCORE', key, action) then
		local blocking = redis.call('ZRANGE', key, -max, -max, 'WITHSCORES')
		wait = math.max(wait, blocking[2] + period - now)
	end
end
if wait > 0 then
	return wait
end
for _, key in ipairs(KEYS) do
	redis.call('ZADD', key, 'NX', now, action)
	redis.call('PEXPIRE', key, period)
end
return 0
`)

const (
	// maxConnections bounds the connections of a process. A call takes less than a millisecond.
	maxConnections = 20
	// freshFor is how long after its last use a connection is used without a PING. Later, the server may have restarted.
	freshFor = time.Second
)

// newRedis returns a store that connects at its first use.
func newRedis(address string) (*shared, error) {
	server, err := parseRedisURL(address)
	if err != nil {
		return nil, err
	}
	return &shared{server, &redis.Pool{
		DialContext: server.dial, MaxActive: maxConnections, MaxIdle: maxConnections, Wait: true, IdleTimeout: time.Minute,
		TestOnBorrowContext: func(ctx context.Context, c redis.Conn, lastUsed time.Time) error {
			if time.Since(lastUsed) < freshFor {
				return nil
			}
			_, err := redis.DoContext(c, ctx, "PING")
			return err
		},
	}}, nil
}

func (s *shared) take(ctx context.Context, r Rate, action string, keys []string) (time.Duration, error) {
	args := redis.Args{len(keys)}.AddFlat(keys).Add(action, r.Max, r.Period.Milliseconds())
	var wait int64
	err := s.do(ctx, func(c redis.Conn) (err error) {
		wait, err = redis.Int64(takeScript.DoContext(ctx, c, args...))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count in Redis: %w", err)
	}
	return time.Duration(wait) * time.Millisecond, nil
}

func (s *shared) release(ctx context.Context, action string, keys []string) error {
	err := s.do(ctx, func(c redis.Conn) error {
		for _, key := range keys {
			if _, err := redis.DoContext(c, ctx, "ZREM", key, action); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release in Redis: %w", err)
	}
	return nil
}

// do calls call with a connection of the pool.
func (s *shared) do(ctx context.Context, call func(redis.Conn) error) error {
	c, err := s.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	return errors.Join(call(c), c.Close())
}

// redisServer is the server of a URL.
type redisServer struct {
	address string
	tls     *tls.Config // nil for a connection without TLS
	options []redis.DialOption
}

// parseRedisURL returns errors that do not contain the URL, which has the password.
func parseRedisURL(address string) (*redisServer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, errors.New("must begin with redis:// or rediss://")
	}
	if u.RawQuery != "" {
		return nil, errors.New("has parameters, which are not supported")
	}
	database, err := strconv.ParseUint(cmp.Or(strings.TrimPrefix(u.Path, "/"), "0"), 10, 16)
	if err != nil {
		return nil, errors.New("has a database that is not a number")
	}
	host := cmp.Or(u.Hostname(), "localhost")
	password, _ := u.User.Password()
	s := &redisServer{address: net.JoinHostPort(host, cmp.Or(u.Port(), "6379")), options: []redis.DialOption{
		redis.DialUsername(u.User.Username()), redis.DialPassword(password), redis.DialDatabase(int(database)),
	}}
	if u.Scheme == "rediss" {
		s.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		// The library's own TLS handshake ignores the context.
		s.options = append(s.options, redis.DialContextFunc((&tls.Dialer{Config: s.tls}).DialContext))
	}
	return s, nil
}

func (s *redisServer) dial(ctx context.Context) (redis.Conn, error) {
	return redis.DialContext(ctx, "tcp", s.address, s.options...)
}
