package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string    // file name
	AppliedAt time.Time // zero if not applied
}

// NewerError means that a later release has migrated the database.
type NewerError struct{ Database, Binary int64 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("database is at version %d, newer than version %d of this binary", e.Database, e.Binary)
}

// Migrate applies every missing migration. It is idempotent, but two calls must not run at the same time.
func (s *Store) Migrate(ctx context.Context) error {
	return s.migrate(ctx, "migrate up", func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// Down reverts the last migration and deletes its data. If none is applied, it does nothing.
func (s *Store) Down(ctx context.Context) error {
	return s.migrate(ctx, "migrate down", func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// Status lists the migrations of this binary, in order.
func (s *Store) Status(ctx context.Context) ([]Migration, error) {
	var list []Migration
	err := s.migrate(ctx, "migration status", func(p *goose.Provider) error {
		found, err := p.Status(ctx)
		for _, m := range found {
			list = append(list, Migration{m.Source.Version, path.Base(m.Source.Path), m.AppliedAt.UTC()})
		}
		return err
	})
	return list, err
}

// Pending returns the number of missing migrations; 0 means that the database is ready. It only reads, so a readiness
// check may call it. It fails if the database cannot run a query: a Galera node without quorum still answers pings.
// A *NewerError means that the database is newer than this binary.
func (s *Store) Pending(ctx context.Context) (int, error) {
	const operation = "check migrations"
	p, err := s.provider()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", operation, err)
	}
	var version sql.NullInt64
	err = s.pool.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+goose.DefaultTablename).Scan(&version)
	if err != nil && !isNoTable(err) {
		return 0, fmt.Errorf("%s: %w", operation, safe(err))
	}
	missing, known := 0, int64(0)
	for _, source := range p.ListSources() {
		known = source.Version
		if known > version.Int64 {
			missing++
		}
	}
	if version.Int64 > known {
		return 0, fmt.Errorf("%s: %w", operation, &NewerError{version.Int64, known})
	}
	return missing, nil
}

// migrate runs f unless the database is newer than this binary.
func (s *Store) migrate(ctx context.Context, operation string, f func(*goose.Provider) error) error {
	if _, err := s.Pending(ctx); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	p, err := s.provider()
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	err = f(p)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return fmt.Errorf("%s: %s: %w", operation, path.Base(partial.Failed.Source.Path), safe(partial.Err))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", operation, safe(err))
	}
	return nil
}

// provider returns a new provider for every call, because a goose provider looks for its table only once, even if that
// fails.
func (s *Store) provider() (*goose.Provider, error) {
	dialect, dir := goose.DialectMySQL, "migrations/mysql"
	if s.db.Name() == "sqlite" {
		dialect, dir = goose.DialectSQLite3, "migrations/sqlite"
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.pool, files)
}
