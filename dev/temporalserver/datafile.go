package temporalserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
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

// DataFileError means that a data file exists but cannot be used. The file has not been changed.
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

// schemaVersions are the versions of Temporal's two schemas that this program was built with. Temporal's SQLite files
// contain no version, so setUpSchema records it in the table that Temporal uses for its other databases.
var schemaVersions = map[string]string{
	"temporal":            schema.Version,
	"temporal_visibility": schema.VisibilityVersion,
}

// storeConfig returns the configuration with which Temporal opens the data file. With one connection the file is opened in
// exclusive mode, so that it is locked for other processes. The operating system releases the lock when the process ends.
func storeConfig(file string, t tuning) *config.SQL {
	pragmas := map[string]string{
		"mode":         "rw",
		"busy_timeout": "2000", // ms; time for a previous process to stop and release the lock
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

// escape escapes a path for an SQLite URI.
func escape(file string) string { return (&url.URL{Path: file}).EscapedPath() }

// prepare makes sure that the data file exists and has the right schema and the namespace with its search attributes.
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

// create sets a data file up under another name and renames it when it is complete. After a crash, there is either no data
// file or a complete one.
func create(ctx context.Context, file string) error {
	unfinished := file + ".new"
	leftovers := []string{unfinished, unfinished + "-journal"}
	// If the data file was deleted without its write-ahead log, SQLite would apply the log to the new file.
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
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	s := schemaTx{ctx: ctx, tx: tx}
	if err := schema.SetupSchemaOnDB(s); err != nil {
		return err
	}
	if err := s.Exec(`CREATE TABLE schema_version (version_partition INT NOT NULL, db_name VARCHAR(255) NOT NULL,
		creation_time DATETIME(6), curr_version VARCHAR(64), min_compatible_version VARCHAR(64),
		PRIMARY KEY (version_partition, db_name))`); err != nil {
		return err
	}
	if err := dropUnusedIndexes(ctx, tx); err != nil {
		return err
	}
	for name, version := range schemaVersions {
		if err := s.Exec(`INSERT INTO schema_version VALUES (0, ?, ?, ?, ?)`, name, time.Now().UTC(), version, version); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// usedIndexes are the indexes of Temporal's table of workflows that this service's queries and the Web UI's usual ones need. The
// search attributes are the first of the keywords.
var usedIndexes = []string{
	"default_idx", "by_execution_time", "by_workflow_id", "by_workflow_type", "by_status",
	"by_temporal_namespace_division", "by_keyword_01", "by_keyword_02", "by_keyword_03", "by_keyword_04",
}

// dropUnusedIndexes drops the other indexes, of which Temporal's schema has 48. Each write of a workflow's row would prepare and
// update all of them, which was a tenth of the processor time of a registration. A query that needs one reads the rows instead.
func dropUnusedIndexes(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_master
		WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var unused []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if !slices.Contains(usedIndexes, name) {
			unused = append(unused, name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, name := range unused {
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return err
		}
	}
	return nil
}

// schemaTx makes Temporal's schema setup run in one transaction. The setup calls only Exec of AdminDB.
type schemaTx struct {
	sqlplugin.AdminDB
	ctx context.Context
	tx  *sql.Tx
}

func (s schemaTx) Exec(statement string, args ...any) error {
	_, err := s.tx.ExecContext(s.ctx, statement, args...)
	return err
}

// checkSchema checks the recorded versions. It uses Temporal's own connection, because the file is locked for all others.
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
			return &DataFileError{File: file, Reason: fmt.Sprintf("has version %s of the schema %q, but this program "+
				"needs version %s: run the program that created the file, or use another data folder", have, name, want)}
		}
	}
	return nil
}

func unusable(file string, err error) error {
	var cause *driver.Error
	if errors.As(err, &cause) && cause.Code()&0xff == sqlite3.SQLITE_BUSY {
		return &DataFileError{File: file, Reason: "is in use by another process", Err: err}
	}
	return &DataFileError{File: file, Reason: "was not created by this program, or is damaged", Err: err}
}
