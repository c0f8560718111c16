package temporalserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	temporalsql "go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
	schema "go.temporal.io/server/schema/sqlite"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// DataFileError says that a data file exists and cannot be used. The file has not been changed.
type DataFileError struct {
	File   string
	Reason string
	Err    error // may be nil
}

func (e *DataFileError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("data file %s %s", e.File, e.Reason)
	}
	return fmt.Sprintf("data file %s %s: %v", e.File, e.Reason, e.Err)
}

func (e *DataFileError) Unwrap() error { return e.Err }

// schemaVersions are the versions of Temporal's two schemas that this program was built with. SQLite files
// of Temporal carry none, so set-up records them in the table that Temporal uses for its other databases.
var schemaVersions = map[string]string{
	"temporal":            schema.Version,
	"temporal_visibility": schema.VisibilityVersion,
}

// storeConfig is how Temporal opens the data file. A file in exclusive mode has one connection, and a second
// process finds it locked; the operating system frees the lock when the process dies.
func storeConfig(file string, t tuning) *config.SQL {
	pragmas := map[string]string{
		"mode":         "rw",
		"busy_timeout": "2000", // the time for a predecessor that is being stopped to let go
		"journal_mode": "wal",
		"synchronous":  "normal",
	}
	if t.conns == 1 {
		pragmas["locking_mode"] = "exclusive"
	}
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      escape(file),
		ConnectAttributes: pragmas,
		MaxConns:          t.conns,
		MaxIdleConns:      t.conns,
	}
}

// escape makes a path safe to stand in an SQLite URI.
func escape(file string) string { return (&url.URL{Path: file}).EscapedPath() }

// prepare leaves a data file that Temporal can open: with our schema and the namespace with its search attributes.
func prepare(ctx context.Context, store *config.SQL, o Options) error {
	if _, err := os.Stat(o.DataFile); errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, o.DataFile); err != nil {
			return fmt.Errorf("set up data file %s: %w", o.DataFile, err)
		}
	}
	if err := checkSchema(store, o.DataFile); err != nil {
		return err
	}
	if err := createNamespace(store, o); err != nil {
		return err
	}
	return addSearchAttributes(ctx, store, o.Namespace, o.SearchAttributes)
}

// create sets a data file up beside its place and moves it there when it is complete, so that a crash leaves
// either no data file or a whole one.
func create(ctx context.Context, file string) error {
	unfinished := file + ".new"
	leftovers := []string{unfinished, unfinished + "-journal"}
	// The log of a data file that somebody has deleted would be replayed into the new one.
	leftovers = append(leftovers, file+"-wal", file+"-shm", file+"-journal")
	for _, f := range leftovers {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	db, err := sql.Open("sqlite", "file:"+escape(unfinished))
	if err != nil {
		return err
	}
	if err := errors.Join(setUpSchema(ctx, db), db.Close()); err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}

func setUpSchema(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	s := schemaTx{ctx: ctx, tx: tx}
	if err := schema.SetupSchemaOnDB(s); err != nil {
		return err
	}
	if err := s.Exec(`CREATE TABLE schema_version (version_partition INT NOT NULL, db_name VARCHAR(255) NOT NULL,
		creation_time DATETIME(6), curr_version VARCHAR(64), min_compatible_version VARCHAR(64),
		PRIMARY KEY (version_partition, db_name))`); err != nil {
		return err
	}
	for name, version := range schemaVersions {
		if err := s.Exec(`INSERT INTO schema_version VALUES (0, ?, ?, ?, ?)`, name, time.Now().UTC(), version, version); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// schemaTx lets Temporal's set-up run in one transaction; it uses no other method of AdminDB.
type schemaTx struct {
	sqlplugin.AdminDB
	ctx context.Context
	tx  *sql.Tx
}

func (s schemaTx) Exec(statement string, args ...any) error {
	_, err := s.tx.ExecContext(s.ctx, statement, args...)
	return err
}

// checkSchema goes through Temporal's own connection, since the file is locked for every other.
func checkSchema(store *config.SQL, file string) error {
	db, err := temporalsql.NewSQLAdminDB(sqlplugin.DbKindMain, store, resolver.NewNoopResolver(),
		log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return unusable(file, err)
	}
	defer func() { _ = db.Close() }()
	for name, want := range schemaVersions {
		have, err := db.ReadSchemaVersion(name)
		if err != nil {
			return unusable(file, err)
		}
		if have != want {
			return &DataFileError{File: file, Reason: fmt.Sprintf("has version %s of the schema %q, and this program "+
				"works with version %s only: run the program that made it, or use another data folder", have, name, want)}
		}
	}
	return nil
}

func unusable(file string, err error) error {
	var cause *driver.Error
	if errors.As(err, &cause) && cause.Code()&0xff == sqlite3.SQLITE_BUSY {
		return &DataFileError{File: file, Reason: "is in use by another process", Err: err}
	}
	return &DataFileError{File: file, Reason: "was not set up by this program, or is damaged", Err: err}
}
