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
	"time"
)

// PostgreSQL is a server on a loopback port with its own data folder. The account postgres is a superuser without a
// password. Only one goroutine at a time may start and stop it.
type PostgreSQL struct {
	programs string // folder
	dir      string
	port     int
	account  *User
	process  *Process
}

// postgresAccount is the superuser, and the system account of the server if root starts it.
const postgresAccount = "postgres"

// StartPostgreSQL starts a new, empty server and returns when it answers.
func StartPostgreSQL(t Test) *PostgreSQL {
	t.Helper()
	p := &PostgreSQL{dir: Dir(t, "postgres"), port: FreePort()}
	var err error
	if p.programs, err = postgresPrograms(); err != nil {
		t.Fatalf("%v", err)
	}
	if p.account, err = unprivileged(postgresAccount); err != nil {
		t.Fatalf("%v", err)
	}
	if err := p.install(t.Context()); err != nil {
		t.Fatalf("%v", err)
	}
	if err := p.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil { // a kill would leave its shared memory
			t.Logf("%v", err)
		}
		p.process.end(t)
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

func (p *PostgreSQL) install(ctx context.Context) error {
	if err := p.account.own(p.dir); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, filepath.Join(p.programs, "initdb"), "--pgdata="+p.data(), "--username="+postgresAccount,
		"--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	c.Dir, c.SysProcAttr = p.dir, attributes(p.account)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (p *PostgreSQL) data() string { return filepath.Join(p.dir, "data") }

// Data returns the data directory.
func (p *PostgreSQL) Data() string { return p.data() }

// Start restarts the server after Kill or Stop, with the same port and data, and returns when it answers.
func (p *PostgreSQL) Start() error {
	return Await(context.Background(), 30*time.Second, nil, func(ctx context.Context) error {
		// Retried if it ends: it refuses to start while child processes of a killed server still run.
		process, err := StartProcess(Command{
			Name: "postgres", Path: filepath.Join(p.programs, "postgres"), Dir: p.dir, User: p.account, Args: []string{
				"-D", p.data(), "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
				"-c", "max_connections=200", "-c", "dynamic_shared_memory_type=mmap", // is not left behind by a kill
			},
		})
		if err != nil {
			return err
		}
		p.process = process
		if err := Await(ctx, 30*time.Second, process.Gone(), p.ready); err != nil {
			process.Kill()
			return fmt.Errorf("start PostgreSQL: %w\n%s", err, process.Tail())
		}
		return nil
	})
}

func (p *PostgreSQL) ready(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, filepath.Join(p.programs, "pg_isready"), "--host=127.0.0.1", "--port="+strconv.Itoa(p.port)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_isready: %w: %s", err, out)
	}
	return nil
}

// Kill kills the server, as in a crash, and returns when its main process has ended. The other processes end soon after.
func (p *PostgreSQL) Kill() { p.process.Kill() }

// Stop shuts the server down without waiting for its clients to disconnect.
func (p *PostgreSQL) Stop() error { return p.process.stop(syscall.SIGINT, 30*time.Second) }

// Process returns the main process of the running or last server. Freezing it does not freeze the server's other processes,
// which have their own process groups.
func (p *PostgreSQL) Process() *Process { return p.process }

// Address returns the server's host:port.
func (p *PostgreSQL) Address() string { return Loopback(p.port) }
