package parts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// MariaDB is a MariaDB server on a loopback port with its own data folder and the configuration of deploy/galera. Root may
// connect without a password.
type MariaDB struct {
	Server

	dir  string
	port int
}

// StartMariaDB starts a new, empty server outside of a cluster, with additional options of mariadbd, and returns when it
// answers.
func StartMariaDB(t Test, options ...string) *MariaDB {
	t.Helper()
	m := newMariaDB(t, "mariadbd")
	m.command.Args = append(append(m.command.Args, "--wsrep-on=OFF"), options...)
	m.begin(t)
	return m
}

// newMariaDB creates the folder of a server with an empty database.
func newMariaDB(t Test, name string) *MariaDB {
	t.Helper()
	m := &MariaDB{dir: Dir(t, name), port: FreePort()}
	account, err := databaseAccount()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := m.install(t.Context(), account); err != nil {
		t.Fatalf("create the data of %s: %v", name, err)
	}
	m.command = Command{Name: name, Path: "mariadbd", Dir: m.dir, User: account, Args: m.local()}
	m.check = func(ctx context.Context) error { return m.Exec(ctx, "SELECT 1") }
	return m
}

// install gives the server's folder to the account, and creates the configuration and an empty data folder in it.
func (m *MariaDB) install(ctx context.Context, account *User) error {
	if err := errors.Join(m.configure(), account.own(m.dir)); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--datadir="+m.Data(),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--tmpdir="+m.dir)
	c.SysProcAttr = attributes(account)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	return nil
}

// configure copies deploy/galera/galera.cnf, because the account may not have access to the repository.
func (m *MariaDB) configure() error {
	original, err := deployed("galera", "galera.cnf")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(original)
	if err != nil {
		return err
	}
	return os.WriteFile(m.defaults(), text, 0o644)
}

func (m *MariaDB) defaults() string { return filepath.Join(m.dir, "my.cnf") }

// local returns the options with the configuration file and the server's address and folders.
func (m *MariaDB) local() []string {
	return []string{
		"--defaults-file=" + m.defaults(), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(m.port),
		// A starting server deletes temporary tables that it finds, so each server needs its own folder for them.
		"--datadir=" + m.Data(), "--tmpdir=" + m.dir, "--socket=" + filepath.Join(m.dir, "socket"), "--pid-file=" + filepath.Join(m.dir, "pid"),
	}
}

// Data returns the data directory.
func (m *MariaDB) Data() string { return filepath.Join(m.dir, "data") }

// Address returns the server's host:port.
func (m *MariaDB) Address() string { return Loopback(m.port) }

// DSN returns the data source name of a database, for DATABASE_DSN. An empty name means no database.
func (m *MariaDB) DSN(database string) string { return rootDSN(m.port, database) }

// Exec runs a statement as root.
func (m *MariaDB) Exec(ctx context.Context, statement string) error {
	db, err := open(m.DSN(""))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
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
