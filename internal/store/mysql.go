package store

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

// MySQL returns the dialector for a MySQL or MariaDB database, without connecting to it. The dsn has the driver's
// form, user:password@tcp(host:3306)/name?parameter=value.
//
// Times are UTC, text is utf8mb4, affected rows are matched rows as in SQLite, and the server refuses values that do
// not fit, whatever the dsn says. Unless the dsn says otherwise, connecting may take 5 s, a read or a write 30 s, and a
// statement waits 3 s for a lock. A connection to a server that has become read-only is given up, so that the next one
// may lead to its successor. An error names what is wrong with the dsn and never shows its password.
//
// With authorities, the connection is encrypted and the server must show a certificate of theirs for the dsn's host,
// whatever the dsn says of tls.
func MySQL(dsn string, authorities *x509.CertPool) (gorm.Dialector, error) {
	c, err := parseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("MySQL DSN: %w (the form is user:password@tcp(host:3306)/name)", err)
	}
	if authorities != nil {
		host, _, err := net.SplitHostPort(c.Addr)
		if err != nil {
			return nil, fmt.Errorf("MySQL DSN: TLS needs an address of the form tcp(host:3306): %w", err)
		}
		c.TLS = &tls.Config{RootCAs: authorities, ServerName: host, MinVersion: tls.VersionTLS12}
	}
	connector, err := driver.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("MySQL DSN: %w", err)
	}
	return mysql.New(mysql.Config{
		Conn: sql.OpenDB(connector),
		// Knowing the server's version would make gorm connect now, and add RETURNING on MariaDB.
		SkipInitializeWithVersion: true,
	}), nil
}

func parseDSN(dsn string) (*driver.Config, error) {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return nil, errors.New("no slash before the database name")
	}
	at := strings.LastIndexByte(dsn[:slash], '@')
	if at < 0 {
		return nil, errors.New("no user before an @")
	}
	// The driver quotes what it cannot read, so it does not get to read the password.
	c, err := driver.ParseDSN(dsn[at+1:])
	if err != nil {
		return nil, err
	}
	if c.DBName == "" {
		return nil, errors.New("no database name after the slash")
	}
	c.User, c.Passwd, _ = strings.Cut(dsn[:at], ":")
	return c, configure(c)
}

func configure(c *driver.Config) error {
	c.ParseTime = true
	c.Loc = time.UTC
	c.ClientFoundRows = true
	c.InterpolateParams = true // one round trip a statement instead of three
	c.RejectReadOnly = true
	c.Logger = driverLogger{}
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 30*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 30*time.Second)
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params["time_zone"] = "'+00:00'"
	c.Params["sql_mode"] = "'TRADITIONAL'"
	c.Params["innodb_lock_wait_timeout"] = cmp.Or(c.Params["innodb_lock_wait_timeout"], "3")
	return c.Apply(driver.Charset("utf8mb4", ""))
}

// driverLogger passes on why a connection broke; the driver's error says only that it did.
type driverLogger struct{}

func (driverLogger) Print(v ...any) { slog.Warn("mysql driver", "said", fmt.Sprint(v...)) }
