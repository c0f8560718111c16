package parts

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
)

// Redis is a Redis server on loopback, with the configuration of deploy/valkey.
type Redis struct {
	Server

	port int
}

// StartRedis starts a server on a free port with additional options of redis-server, and returns when it answers.
func StartRedis(t Test, options ...string) *Redis {
	t.Helper()
	config, err := deployed("valkey", "valkey.conf")
	if err != nil {
		t.Fatalf("%v", err)
	}
	r := &Redis{port: FreePort()}
	r.command = Command{
		Name: "redis", Path: "redis-server", Dir: Dir(t, "redis"),
		Args: append([]string{config, "--bind", "127.0.0.1", "--port", strconv.Itoa(r.port)}, options...),
	}
	r.check = r.ping
	r.begin(t)
	return r
}

// URL returns the value for LIMIT_REDIS_URL.
func (r *Redis) URL() string { return "redis://" + Loopback(r.port) }

// ping uses the inline form of the protocol.
func (r *Redis) ping(ctx context.Context) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", Loopback(r.port))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := connection.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(connection).ReadString('\n')
	if err == nil && answer != "+PONG\r\n" {
		err = errors.New("it answers " + answer)
	}
	return err
}
