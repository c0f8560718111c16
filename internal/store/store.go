// Package store keeps users, profiles, the message ledger, failed attempts, delivery reports, suppressions, pauses, campaigns
// and the gate's answers in MySQL, MariaDB or SQLite.
//
// Unique keys in the database decide which user owns a registration, an email and a username, so the guarantees hold
// across processes and nodes. Every call may be retried after an error, even if the first attempt was committed. Every
// call except RecordAttempt is idempotent.
// Every call needs a context with a deadline, because a frozen server never answers.
//
// Errors of packages user and message are returned unchanged. Other errors are wrapped with the name of the operation
// and hold no personal data: a server error is reduced to its number.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/span"
	"registrar/internal/user"
)

// Options tune a Store. The zero value suits one of several processes.
type Options struct {
	MaxOpen     int           // maximum number of open connections; default 20
	MaxIdle     int           // maximum number of idle connections; default MaxOpen
	MaxLifetime time.Duration // age at which a connection is replaced, so that load moves after a failover; default 5 min
	SlowQuery   time.Duration // slower statements are logged without their values; default 500 ms
	Logger      *slog.Logger  // default slog.Default()
	// Events are the events that are recorded with the changes of users; default none.
	Events event.Recording
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
	events event.Recording
}

// Open returns a Store on the database of dialector. With a dialector from MySQL it does not connect, so a service can
// start while its database is unavailable. Pending checks that the database answers and is migrated.
func Open(dialector gorm.Dialector, o Options) (*Store, error) {
	o = o.withDefaults()
	db, err := gorm.Open(dialector, &gorm.Config{
		Logger:                 slowLogger{o.Logger, o.SlowQuery},
		NowFunc:                func() time.Time { return storedTime(time.Now()) },
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", safe(err))
	}
	if err := db.Use(statementSpans{}); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(o.MaxOpen)
	pool.SetMaxIdleConns(o.MaxIdle)
	pool.SetConnMaxLifetime(o.MaxLifetime)
	return &Store{db: db, pool: pool, logger: o.Logger, events: o.Events}, nil
}

// Pool returns the connection pool, for statistics and for tests that read rows.
func (s *Store) Pool() *sql.DB { return s.pool }

// Close waits for calls in progress and closes all connections.
func (s *Store) Close() error {
	if err := s.pool.Close(); err != nil {
		return fmt.Errorf("close database: %w", safe(err))
	}
	return nil
}

// do runs f, retries it after a deadlock, and removes personal data from its error.
func (s *Store) do(ctx context.Context, operation string, f func(db *gorm.DB) error) error {
	ctx, call := span.Start(ctx, "database: "+operation)
	defer call.End()
	err := retry(ctx, func() error { return f(s.db.WithContext(ctx)) })
	if err == nil || user.CodeOf(err) != "" || errors.Is(err, message.ErrNotGenuine) || errors.Is(err, message.ErrUndelivered) {
		return err
	}
	span.Fail(call, "")
	return fmt.Errorf("%s: %w", operation, safe(err))
}

// whereRegistration selects the rows of a registration. The id may have been typed by an operator: an id that is not a
// UUID matches no rows, because MySQL refuses to compare the ASCII column with other characters.
func whereRegistration(db *gorm.DB, id string) *gorm.DB { return whereUUID(db, "registration_id", id) }

func whereUUID(db *gorm.DB, column, id string) *gorm.DB {
	if uuid.Validate(id) != nil {
		return db.Where("1 = 0")
	}
	return db.Where(column+" = ?", id)
}

// storedTimeOrNull is like storedTime, but returns nil (NULL) for the zero time.
func storedTimeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = storedTime(t)
	return &t
}

// storedTime converts t to UTC microseconds, which every supported database can store.
func storedTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// truncate returns at most the first limit characters of s, with each invalid UTF-8 byte replaced by U+FFFD.
func truncate(s string, limit int) string {
	characters := []rune(s)
	return string(characters[:min(len(characters), limit)])
}

// optional returns nil (NULL) for an empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
