package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// The server's errors that mean something here.
// MySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// SQLite, extended result codes: https://www.sqlite.org/rescode.html
const (
	mysqlDuplicate       = 1062
	mysqlNoTable         = 1146
	mysqlLockWaitTimeout = 1205
	mysqlDeadlock        = 1213

	sqliteError            = 1
	sqliteBusy             = 5
	sqlitePrimaryKeyExists = 1555
	sqliteUniqueExists     = 2067
)

// Error is what the database server refused, without its words: those quote the values of rows
// ("Duplicate entry 'ada@example.org' for key …").
type Error struct {
	Server string // "mysql" (MariaDB too) or "sqlite"
	Number int    // the server's error number
	State  string // SQLSTATE, empty on SQLite
}

func (e *Error) Error() string {
	if e.State == "" {
		return fmt.Sprintf("%s error %d", e.Server, e.Number)
	}
	return fmt.Sprintf("%s error %d (%s)", e.Server, e.Number, e.State)
}

// serverError finds what the server refused in err, or returns nil: the connection failed, or time ran out.
func serverError(err error) *Error {
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return &Error{"mysql", int(my.Number), string(my.SQLState[:])}
	}
	// The method of the SQLite driver's error, so that the driver need not be linked in.
	var lite interface{ Code() int }
	if errors.As(err, &lite) {
		return &Error{Server: "sqlite", Number: lite.Code()}
	}
	return nil
}

// safe replaces a server's error; others hold no values and stay, so that errors.Is works on them.
func safe(err error) error {
	if e := serverError(err); e != nil {
		return e
	}
	return err
}

func refused(err error, mysqlNumber int, sqliteCodes ...int) bool {
	e := serverError(err)
	if e == nil {
		return false
	}
	if e.Server == "mysql" {
		return e.Number == mysqlNumber
	}
	return slices.Contains(sqliteCodes, e.Number)
}

func isDuplicate(err error) bool {
	return refused(err, mysqlDuplicate, sqlitePrimaryKeyExists, sqliteUniqueExists)
}

// isNoTable holds for fixed statements only: to SQLite, a missing table is one SQL error among others.
func isNoTable(err error) bool {
	return refused(err, mysqlNoTable, sqliteError)
}
