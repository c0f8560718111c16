package parts

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// PostgreSQL is a server on a loopback port with its own data folder. The account postgres is a superuser without a
// password. Freezing it does not freeze the server's child processes, which have their own process groups.
type PostgreSQL struct {
	Server

	programs string // folder
	dir      string
	port     int
}

// postgresAccount is the superuser, and the system account of the server if root starts it.
const postgresAccount = "postgres"

// postgresOptions are those of the command of temporal-db in docker-compose.yml.
var postgresOptions = []string{"-c", "max_connections=200", "-c", "idle_in_transaction_session_timeout=5s"}

// StartPostgreSQL starts a new, empty server and returns when it answers.
func StartPostgreSQL(t Test) *PostgreSQL {
	t.Helper()
	p := &PostgreSQL{dir: Dir(t, "postgres"), port: FreePort()}
	var err error
	if p.programs, err = postgresPrograms(); err != nil {
		t.Fatalf("%v", err)
	}
	account, err := unprivileged(postgresAccount)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := p.install(t.Context(), account); err != nil {
		t.Fatalf("%v", err)
	}
	p.command = Command{
		Name: "postgres", Path: filepath.Join(p.programs, "postgres"), Dir: p.dir, User: account,
		StopSignal: syscall.SIGINT, // does not wait for its clients to disconnect
		Args: append([]string{
			"-D", p.Data(), "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "dynamic_shared_memory_type=mmap", // is not left behind by a kill
		}, postgresOptions...),
	}
	p.check = p.answers
	p.begin(t)
	t.Cleanup(func() {
		if p.process.Running() { // a kill would leave its shared memory
			if err := p.Stop(); err != nil {
				t.Logf("%v", err)
			}
		}
	})
	return p
}

// postgresPrograms returns the folder of the server's programs. Debian does not add it to PATH.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", errors.New("initdb is neither in /usr/lib/postgresql/*/bin nor in PATH: install Debian's package postgresql (apt-get install postgresql)")
		}
		found = []string{path}
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return postgresMajor(a) - postgresMajor(b) })
	return filepath.Dir(newest), nil
}

// postgresMajor returns the version in a path such as /usr/lib/postgresql/15/bin/initdb.
func postgresMajor(path string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // the pattern may match another folder
	return version
}

func (p *PostgreSQL) install(ctx context.Context, account *User) error {
	if err := account.own(p.dir); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, filepath.Join(p.programs, "initdb"), "--pgdata="+p.Data(), "--username="+postgresAccount,
		"--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	c.Dir, c.SysProcAttr = p.dir, attributes(account)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// Data returns the data directory.
func (p *PostgreSQL) Data() string { return filepath.Join(p.dir, "data") }

// Address returns the server's host:port.
func (p *PostgreSQL) Address() string { return Loopback(p.port) }

// Start starts the server again after Kill or Stop, with the same port and data, and returns when it answers. It retries,
// because the server refuses to start while child processes of a killed server still run.
func (p *PostgreSQL) Start() error {
	return Await(context.Background(), readyTimeout, nil, func(context.Context) error { return p.Server.Start() })
}

func (p *PostgreSQL) answers(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, filepath.Join(p.programs, "pg_isready"), "--host=127.0.0.1", "--port="+strconv.Itoa(p.port)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_isready: %w: %s", err, out)
	}
	return nil
}
