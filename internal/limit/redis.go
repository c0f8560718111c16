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

// takeScript is take as one atomic step. Each key has three arguments: the rate's maximum, its period, and 1 if the key is
// only read. A full key has room again when the action `max` places from its end expires. The result has two numbers for
// each key: the usage.
var takeScript = redis.NewScript(-1, `
local action = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local used, full = {}, false
for i, key in ipairs(KEYS) do
	local max, period = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
	redis.call('ZREMRANGEBYSCORE', key, '-inf', now - period)
	local actions, wait = redis.call('ZCARD', key), 0
	if actions >= max and not redis.call('ZSCORE', key, action) then
		local blocking = redis.call('ZRANGE', key, -max, -max, 'WITHSCORES')
		wait = blocking[2] + period - now
		full = true
	end
	used[2 * i - 1], used[2 * i] = actions, wait
end
if full then
	return used
end
for i, key in ipairs(KEYS) do
	if ARGV[3 * i + 1] == '0' then
		used[2 * i - 1] = used[2 * i - 1] + redis.call('ZADD', key, 'NX', now, action)
		redis.call('PEXPIRE', key, ARGV[3 * i])
	end
end
return used
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

func (s *shared) take(ctx context.Context, action string, slots []slot) ([]usage, error) {
	args := redis.Args{len(slots)}
	for _, slot := range slots {
		args = args.Add(slot.key)
	}
	args = args.Add(action)
	for _, slot := range slots {
		readOnly := 0
		if slot.readOnly {
			readOnly = 1
		}
		args = args.Add(slot.rate.Max, slot.rate.Period.Milliseconds(), readOnly)
	}
	var numbers []int64
	err := s.do(ctx, func(c redis.Conn) (err error) {
		numbers, err = redis.Int64s(takeScript.DoContext(ctx, c, args...))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count in Redis: %w", err)
	}
	used := make([]usage, len(slots))
	for i := range slots {
		used[i] = usage{actions: int(numbers[2*i]), wait: time.Duration(numbers[2*i+1]) * time.Millisecond}
	}
	return used, nil
}

func (s *shared) release(ctx context.Context, action string, slots []slot) error {
	err := s.do(ctx, func(c redis.Conn) error {
		for _, slot := range slots {
			if slot.readOnly {
				continue
			}
			if _, err := redis.DoContext(c, ctx, "ZREM", slot.key, action); err != nil {
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

func (s *shared) forget(ctx context.Context, slots []slot) error {
	var keys redis.Args
	for _, slot := range slots {
		keys = keys.Add(slot.key)
	}
	err := s.do(ctx, func(c redis.Conn) error {
		_, err := redis.DoContext(c, ctx, "DEL", keys...)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete in Redis: %w", err)
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
