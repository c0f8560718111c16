package parts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MariaDB is a MariaDB server on a loopback port with its own data folder. Root may connect without a password. Only one
// goroutine at a time may start and stop it.
type MariaDB struct {
	dir     string
	port    int
	options []string
	account *User
	process *Process
}

// StartMariaDB starts a new, empty server with options of mariadbd and returns when it answers.
func StartMariaDB(t Test, options ...string) *MariaDB {
	t.Helper()
	m := &MariaDB{dir: Dir(t, "mariadb"), port: FreePort(), options: options}
	var err error
	if m.account, err = databaseAccount(); err != nil {
		t.Fatalf("%v", err)
	}
	if err := install(t.Context(), m.dir, m.account); err != nil {
		t.Fatalf("%v", err)
	}
	if err := m.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { m.process.end(t) })
	return m
}

// Start restarts the server after Kill or Stop, with the same port and data, and returns when it answers.
func (m *MariaDB) Start() error {
	process, err := StartProcess(Command{
		Name: "mariadbd", Path: "mariadbd", Dir: m.dir, User: m.account,
		Args: append(append(databaseArgs(m.dir, m.port), "--innodb-buffer-pool-size=64M", "--max-connections=500"), m.options...),
	})
	if err != nil {
		return err
	}
	m.process = process
	err = Await(context.Background(), 30*time.Second, process.Gone(), func(ctx context.Context) error { return m.Exec(ctx, "SELECT 1") })
	if err != nil {
		process.Kill()
		return fmt.Errorf("start mariadbd: %w\n%s", err, process.Tail())
	}
	return nil
}

// Kill kills the server, as in a crash, and returns when it has ended.
func (m *MariaDB) Kill() { m.process.Kill() }

// Stop shuts the server down.
func (m *MariaDB) Stop() error { return m.process.Stop(30 * time.Second) }

// Freeze suspends the server until Thaw; its connections stay open.
func (m *MariaDB) Freeze() error { return m.process.Freeze() }

// Thaw ends Freeze.
func (m *MariaDB) Thaw() error { return m.process.Thaw() }

// Process returns the running or last server process.
func (m *MariaDB) Process() *Process { return m.process }

// Data returns the data directory.
func (m *MariaDB) Data() string { return filepath.Join(m.dir, "data") }

// Address returns the server's host:port.
func (m *MariaDB) Address() string { return Loopback(m.port) }

// DSN returns the data source name of a database, for DATABASE_DSN. An empty name means no database.
func (m *MariaDB) DSN(database string) string { return rootDSN(m.port, database) }

// Exec runs a statement as root.
func (m *MariaDB) Exec(ctx context.Context, statement string) error {
	return execRoot(ctx, m.port, statement)
}

func rootDSN(port int, database string) string {
	return fmt.Sprintf("root@tcp(%s)/%s", Loopback(port), database)
}

// open connects without the driver's log output, because a starting server is polled until it answers.
func open(dsn string) (*sql.DB, error) {
	o, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	o.Logger = new(mysql.NopLogger)
	connector, err := mysql.NewConnector(o)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func execRoot(ctx context.Context, port int, statement string) error {
	db, err := open(rootDSN(port, ""))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// query reads one row.
func query(ctx context.Context, dsn, statement string, into ...any) error {
	db, err := open(dsn)
	if err != nil {
		return err
	}
	return errors.Join(db.QueryRowContext(ctx, statement).Scan(into...), db.Close())
}

// databaseAccount returns the account for mariadbd if this process runs as root, because mariadbd refuses to run as root;
// otherwise nil.
func databaseAccount() (*User, error) {
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is missing: install Debian's package mariadb-server (apt-get install mariadb-server)", program)
		}
	}
	return unprivileged("mysql")
}

// install gives dir to the account and creates an empty data folder in it.
func install(ctx context.Context, dir string, account *User) error {
	if err := account.own(dir); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--datadir="+filepath.Join(dir, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--tmpdir="+dir)
	c.SysProcAttr = attributes(account)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	return nil
}

func databaseArgs(dir string, port int) []string {
	return []string{
		// A starting server deletes temporary tables that it finds, so each server needs its own folder for them.
		"--no-defaults", "--tmpdir=" + dir, "--datadir=" + filepath.Join(dir, "data"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
		"--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"),
	}
}
