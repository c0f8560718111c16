//go:build mariadb

package mariadb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"registrar/internal/store"
)

// account is what mariadbd runs as when root starts it; it refuses to run as root.
const account = "mysql"

// firstDatabase is what a server's first call of open makes.
const firstDatabase = "users_1"

// server is one mariadbd on a free loopback port, with a data directory of its own.
type server struct {
	dir  string
	port int
	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended

	databases atomic.Int64
}

// newServer makes an empty data directory and starts a server on it.
func newServer() (*server, error) {
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is missing: install Debian's package mariadb-server (apt-get install mariadb-server)", program)
		}
	}
	dir, err := os.MkdirTemp("", "registrar-mariadb-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	if err := s.install(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *server) install() error {
	args := []string{
		"--no-defaults", "--datadir=" + s.data(), "--auth-root-authentication-method=normal", "--skip-test-db",
	}
	if os.Geteuid() == 0 {
		owner, err := user.Lookup(account)
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return err
		}
		args = append(args, "--user="+account)
	}
	if out, err := exec.Command("mariadb-install-db", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	return nil
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// start runs mariadbd and returns when it answers.
func (s *server) start() error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	args := []string{
		"--no-defaults", "--datadir=" + s.data(), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port),
		"--socket=" + filepath.Join(s.dir, "socket"), "--pid-file=" + filepath.Join(s.dir, "pid"),
		"--innodb-buffer-pool-size=64M", "--max-connections=500",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user="+account)
	}
	var said bytes.Buffer
	s.cmd = exec.Command("mariadbd", args...)
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.gone = make(chan struct{})
	go func() {
		_ = s.cmd.Wait()
		close(s.gone)
	}()
	if err := s.await(); err != nil {
		s.end(syscall.SIGKILL)
		return fmt.Errorf("mariadbd: %w: %s", err, &said)
	}
	return nil
}

// await polls until the server answers, ends, or 30 s have passed.
func (s *server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-s.gone:
			return errors.New("ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
		if s.admin(ctx, "SELECT 1") == nil {
			return nil
		}
	}
}

// end sends the signal to this server alone and waits until it is gone.
func (s *server) end(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal)
	<-s.gone
}

// remove stops the server in order and deletes its data.
func (s *server) remove() error {
	s.end(syscall.SIGTERM)
	return os.RemoveAll(s.dir)
}

func (s *server) dsn(database string) string {
	return fmt.Sprintf("root@tcp(127.0.0.1:%d)/%s", s.port, database)
}

func (s *server) admin(ctx context.Context, statement string) error {
	db, err := sql.Open("mysql", s.dsn(""))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// open returns a store on a new, empty database.
func (s *server) open(t testing.TB) *store.Store {
	t.Helper()
	name := fmt.Sprintf("users_%d", s.databases.Add(1))
	if err := s.admin(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	opened := s.reopen(t, name)
	t.Cleanup(func() { _ = s.admin(context.Background(), "DROP DATABASE "+name) })
	return opened
}

func (s *server) reopen(t testing.TB, database string) *store.Store {
	t.Helper()
	dialector, err := store.MySQL(s.dsn(database))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(dialector, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}
