// Package userdb opens the user store's SQLite database. It is apart from the store so that the production binary
// carries no SQLite.
package userdb

import (
	"net/url"
	"path/filepath"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the driver named below, the one that Temporal's server registers too
)

// options make commits last through a crash of the process, let readers run beside the one writer, and take the write
// lock when a transaction begins, where waiting for it cannot deadlock. SQLite does not notice that a context ends while
// it waits for the lock, so it waits for less than any caller does; the store tries again.
const options = "?_pragma=journal_mode(wal)&_pragma=busy_timeout(1000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(normal)&_txlock=immediate&_time_format=sqlite"

// Open returns the dialector for the database file at path, which is made when it is missing.
func Open(path string) gorm.Dialector {
	file := url.URL{Path: filepath.ToSlash(path)}
	return sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: "file:" + file.EscapedPath() + options})
}
