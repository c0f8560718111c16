package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
)

// fake is a MySQL server. Each function handles one kind of request; a nil function succeeds, and finds no rows.
type fake struct {
	exec   func(query string) error
	query  func(query string) driver.Rows
	commit func() error
}

func (f *fake) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fake) Driver() driver.Driver                        { return nil }

type fakeConn struct{ *fake }

func (c fakeConn) Begin() (driver.Tx, error)         { return c, nil }
func (fakeConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not expected") }
func (fakeConn) Close() error                        { return nil }
func (fakeConn) Rollback() error                     { return nil }

func (c fakeConn) Commit() error {
	if c.commit == nil {
		return nil
	}
	return c.commit()
}

func (c fakeConn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	if c.exec == nil {
		return driver.RowsAffected(1), nil
	}
	return driver.RowsAffected(1), c.exec(query)
}

func (c fakeConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if c.query == nil {
		return noRows{}, nil
	}
	return c.query(query), nil
}

// oneRow is a result with one row.
type oneRow struct {
	columns []string
	values  []driver.Value
	read    bool
}

func (r *oneRow) Columns() []string { return r.columns }
func (r *oneRow) Close() error      { return nil }

func (r *oneRow) Next(to []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read = true
	copy(to, r.values)
	return nil
}

type noRows struct{}

func (noRows) Columns() []string         { return nil }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

func openFake(t *testing.T, f *fake, o Options) *Store {
	t.Helper()
	dialector := mysql.New(mysql.Config{Conn: sql.OpenDB(f), SkipInitializeWithVersion: true})
	s, err := Open(dialector, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
