// Package store keeps users, profiles, the ledger of messages, failed tries, reports, suppressions, pauses and campaigns
// in MySQL, MariaDB or SQLite.
//
// Unique keys in the database decide who owns a registration, an email and a username, so the promises hold across
// processes and nodes. Every call may be repeated after an error, whatever became of the first try, and every call but
// RecordAttempt is idempotent.
// Every call needs a context with a deadline: a frozen server answers nothing at all.
//
// An error is either a rule of package user or one of package message, returned as it is, or a failure wrapped with what was being done.
// A failure's text holds no personal data: what the server says about a row is reduced to its number.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/message"
	"registrar/internal/user"
)

// Options tune a Store. The zero value is good for one process among several.
type Options struct {
	MaxOpen     int           // connections in use at most; default 20
	MaxIdle     int           // connections kept open when idle; default MaxOpen
	MaxLifetime time.Duration // age at which a connection is replaced, so that load follows a failover; default 5 min
	SlowQuery   time.Duration // statements that take longer are logged, without their values; default 500 ms
	Logger      *slog.Logger  // default slog.Default()
}

func (o Options) withDefaults() Options {
	o.MaxOpen = cmp.Or(o.MaxOpen, 20)
	o.MaxIdle = cmp.Or(o.MaxIdle, o.MaxOpen)
	o.MaxLifetime = cmp.Or(o.MaxLifetime, 5*time.Minute)
	o.SlowQuery = cmp.Or(o.SlowQuery, 500*time.Millisecond)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return o
}

// Store is safe for concurrent use.
type Store struct {
	db     *gorm.DB
	pool   *sql.DB
	logger *slog.Logger
	pruned atomic.Int64 // when, in nanoseconds since 1970
}

// Open returns a Store on the database of dialector. With a dialector from MySQL it does not connect yet, so that a
// service starts while its database is away; Pending tells whether the database is there and fit.
func Open(dialector gorm.Dialector, o Options) (*Store, error) {
	o = o.withDefaults()
	db, err := gorm.Open(dialector, &gorm.Config{
		Logger:                 slowLogger{o.Logger, o.SlowQuery},
		NowFunc:                func() time.Time { return stamp(time.Now()) },
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", safe(err))
	}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(o.MaxOpen)
	pool.SetMaxIdleConns(o.MaxIdle)
	pool.SetConnMaxLifetime(o.MaxLifetime)
	return &Store{db: db, pool: pool, logger: o.Logger}, nil
}

// Pool returns the connections, for their statistics and for tests that look at rows.
func (s *Store) Pool() *sql.DB { return s.pool }

// Close waits for the calls in progress and closes all connections.
func (s *Store) Close() error {
	if err := s.pool.Close(); err != nil {
		return fmt.Errorf("close database: %w", safe(err))
	}
	return nil
}

// do runs f, again after a deadlock, and makes its error fit to leave the package.
func (s *Store) do(ctx context.Context, what string, f func(db *gorm.DB) error) error {
	err := retry(ctx, func() error { return f(s.db.WithContext(ctx)) })
	if err == nil || user.CodeOf(err) != "" || errors.Is(err, message.ErrNotGenuine) || errors.Is(err, message.ErrUndelivered) {
		return err
	}
	return fmt.Errorf("%s: %w", what, safe(err))
}

// ofRegistration selects the rows of a registration. It is for ids that an operator may have typed: one that is no UUID
// has no rows, while MySQL refuses to compare the column with anything but ASCII.
func ofRegistration(db *gorm.DB, id string) *gorm.DB { return whereUUID(db, "registration_id", id) }

func whereUUID(db *gorm.DB, column, id string) *gorm.DB {
	if uuid.Validate(id) != nil {
		return db.Where("1 = 0")
	}
	return db.Where(column+" = ?", id)
}

// stampOrNull is stamp, or NULL for no time.
func stampOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = stamp(t)
	return &t
}

// stamp is t as every database here can keep it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// cut is the first characters of s, at most limit, each byte that is not UTF-8 replaced by U+FFFD.
func cut(s string, limit int) string {
	characters := []rune(s)
	return string(characters[:min(len(characters), limit)])
}

// optional is s, or NULL when there is none.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
