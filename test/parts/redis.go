package parts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Redis is a Redis server on loopback without persistence. Only one goroutine at a time may start and stop it.
type Redis struct {
	port    int
	command Command
	process *Process
}

// StartRedis starts a server on a free port with additional options of redis-server, and returns when it answers.
func StartRedis(t Test, options ...string) *Redis {
	t.Helper()
	r := &Redis{port: FreePort()}
	r.command = Command{
		Name: "redis", Path: "redis-server", Dir: Dir(t, "redis"),
		Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(r.port), "--save", "", "--appendonly", "no"}, options...),
	}
	begin(t, &r.process, r.Start)
	return r
}

// URL returns the value for LIMIT_REDIS_URL.
func (r *Redis) URL() string { return "redis://" + Loopback(r.port) }

// Start restarts the server after Kill, empty and on the same port, and returns when it answers.
func (r *Redis) Start() (err error) {
	if r.process, err = StartProcess(r.command); err != nil {
		return err
	}
	err = Await(context.Background(), 30*time.Second, r.process.Gone(), r.ping)
	if err != nil {
		r.process.Kill()
		return fmt.Errorf("start Redis: %w\n%s", err, r.process.Tail())
	}
	return nil
}

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

// Kill kills the server, as in a crash, and returns when it has ended.
func (r *Redis) Kill() { r.process.Kill() }

// Process returns the running or last server process.
func (r *Redis) Process() *Process { return r.process }
