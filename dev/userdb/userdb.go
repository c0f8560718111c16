// Package userdb opens the user store's SQLite database. It is separate from the store, so that the production binary contains
// no SQLite.
package userdb

import (
	"net/url"
	"path/filepath"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // registers the driver sqlite, which Temporal's server uses too
)

// options make commits survive a crash of the process and let readers run in parallel with the single writer. A transaction
// takes the write lock when it begins, so waiting for the lock cannot deadlock. While SQLite waits for the lock, it ignores the
// end of the context. Its timeout is therefore shorter than any caller's, and the store retries.
const options = "?_pragma=journal_mode(wal)&_pragma=busy_timeout(1000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(normal)&_txlock=immediate&_time_format=sqlite"

// Open returns the dialector for the database file at path. A missing file is created.
func Open(path string) gorm.Dialector {
	file := url.URL{Path: filepath.ToSlash(path)}
	return sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: "file:" + file.EscapedPath() + options})
}
