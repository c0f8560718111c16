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
// These settings override the dsn: times are UTC, text is utf8mb4, affected rows are matched rows as in SQLite, and the
// server refuses values that do not fit. The dsn can override these timeouts: 5 s to connect, 30 s for a read or a write,
// 3 s for a statement to get a lock. A connection to a server that has become read-only is closed, so that the next
// connection can reach the new primary. An error names what is wrong with the dsn and never contains its password.
//
// With authorities, the connection always uses TLS and the server must present a certificate for the dsn's host that one
// of them signed, regardless of the dsn's tls parameter.
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
		// To learn the server's version gorm would connect now, and on MariaDB it would add RETURNING.
		SkipInitializeWithVersion: true,
	}), nil
}

// WithPassword adds a password to the account in a dsn for MySQL. It is an error if the account has one already.
func WithPassword(dsn, password string) (string, error) {
	account, address, err := splitDSN(dsn)
	if err != nil {
		return "", err
	}
	if strings.Contains(account, ":") {
		return "", errors.New("the account has a password already")
	}
	return account + ":" + password + "@" + address, nil
}

// splitDSN splits a dsn at the last @ before the database name.
func splitDSN(dsn string) (account, address string, err error) {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return "", "", errors.New("no slash before the database name")
	}
	at := strings.LastIndexByte(dsn[:slash], '@')
	if at < 0 {
		return "", "", errors.New("no user before an @")
	}
	return dsn[:at], dsn[at+1:], nil
}

func parseDSN(dsn string) (*driver.Config, error) {
	account, address, err := splitDSN(dsn)
	if err != nil {
		return nil, err
	}
	// The driver's parser quotes its input in errors, so it must not see the password.
	c, err := driver.ParseDSN(address)
	switch {
	case err != nil && strings.Contains(address, "@"): // perhaps the end of a password with a slash
		return nil, errors.New("no slash before the database name, or an @ after it")
	case err != nil:
		return nil, err
	}
	if c.DBName == "" {
		return nil, errors.New("no database name after the slash")
	}
	c.User, c.Passwd, _ = strings.Cut(account, ":")
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

// driverLogger logs why a connection broke: the driver's error does not contain the cause.
type driverLogger struct{}

func (driverLogger) Print(v ...any) {
	slog.Warn("message of the MySQL driver", "text", fmt.Sprint(v...))
}
