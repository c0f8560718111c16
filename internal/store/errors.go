package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Error numbers of the servers that the store handles.
// MySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// SQLite, extended result codes: https://www.sqlite.org/rescode.html
const (
	mysqlChanged         = 1020 // MariaDB with innodb_snapshot_isolation: a row has changed since the transaction's first read
	mysqlDuplicate       = 1062
	mysqlNoTable         = 1146
	mysqlLockWaitTimeout = 1205
	mysqlDeadlock        = 1213
	mysqlNoParent        = 1452

	mysqlDataException = "22" // class of the SQLSTATE of a value that does not fit its column

	sqliteError            = 1
	sqliteBusy             = 5
	sqliteNoParent         = 787
	sqlitePrimaryKeyExists = 1555
	sqliteUniqueExists     = 2067
)

// Error is a database server's error without its text, because the text quotes values of rows
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

// serverError finds the server's error in err. It returns nil if there is none, for example after a broken connection or
// a timeout.
func serverError(err error) *Error {
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return &Error{"mysql", int(my.Number), string(my.SQLState[:])}
	}
	// The SQLite driver's error has this method. Using it avoids linking the driver.
	var sqliteErr interface{ Code() int }
	if errors.As(err, &sqliteErr) {
		return &Error{Server: "sqlite", Number: sqliteErr.Code()}
	}
	return nil
}

// safe replaces a server's error by an Error. Other errors hold no values and stay, so that errors.Is works on them.
func safe(err error) error {
	if e := serverError(err); e != nil {
		return e
	}
	return err
}

func hasNumber(err error, mysqlNumber int, sqliteCodes ...int) bool {
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
	return hasNumber(err, mysqlDuplicate, sqlitePrimaryKeyExists, sqliteUniqueExists)
}

// isNoTable is reliable only for correct statements: SQLite reports a missing table with the same code as any SQL error.
func isNoTable(err error) bool {
	return hasNumber(err, mysqlNoTable, sqliteError)
}

// lacksParent reports whether a row was refused because the row that it refers to does not exist.
func lacksParent(err error) bool { return hasNumber(err, mysqlNoParent, sqliteNoParent) }
