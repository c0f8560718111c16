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
	Name      string    // the file's name
	AppliedAt time.Time // zero when it has not been applied
}

// NewerError says that a later release has migrated the database.
type NewerError struct{ Database, Binary int64 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("database is at version %d, this binary knows %d", e.Database, e.Binary)
}

// Migrate applies every migration that is missing. Repeating it is safe; run one at a time.
func (s *Store) Migrate(ctx context.Context) error {
	return s.migrate(ctx, "migrate up", func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// Down takes back the last migration, and its data. With none applied it does nothing.
func (s *Store) Down(ctx context.Context) error {
	return s.migrate(ctx, "migrate down", func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// Status lists the migrations that this binary knows, in order.
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

// Pending counts the migrations that are missing; 0 means that the database can be used. It only reads, so that a
// readiness check may call it, and it fails when the database cannot answer (a Galera node without quorum answers
// pings). A *NewerError means that the database is ahead of this binary.
func (s *Store) Pending(ctx context.Context) (int, error) {
	const doing = "check migrations"
	p, err := s.provider()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	var version sql.NullInt64
	err = s.pool.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+goose.DefaultTablename).Scan(&version)
	if err != nil && !isNoTable(err) {
		return 0, fmt.Errorf("%s: %w", doing, safe(err))
	}
	missing, known := 0, int64(0)
	for _, source := range p.ListSources() {
		known = source.Version
		if known > version.Int64 {
			missing++
		}
	}
	if version.Int64 > known {
		return 0, fmt.Errorf("%s: %w", doing, &NewerError{version.Int64, known})
	}
	return missing, nil
}

// migrate runs f unless the database is newer than this binary.
func (s *Store) migrate(ctx context.Context, doing string, f func(*goose.Provider) error) error {
	if _, err := s.Pending(ctx); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	p, err := s.provider()
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err = f(p)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return fmt.Errorf("%s: %s: %w", doing, path.Base(partial.Failed.Source.Path), safe(partial.Err))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, safe(err))
	}
	return nil
}

// provider is made anew for every call: goose looks for its table once in a provider's life, even if that fails.
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
