package store

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowLogger logs only slow statements. gorm returns every problem as an error as well, and a driver's error text may
// hold the values of a row.
type slowLogger struct {
	log  *slog.Logger
	slow time.Duration
}

// maxLoggedSQL is the number of characters of a statement that are logged. An import inserts many rows with one statement.
const maxLoggedSQL = 1000

func (l slowLogger) LogMode(logger.LogLevel) logger.Interface { return l }
func (slowLogger) Info(context.Context, string, ...any)       {}
func (slowLogger) Warn(context.Context, string, ...any)       {}
func (slowLogger) Error(context.Context, string, ...any)      {}

func (l slowLogger) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	duration := time.Since(begin)
	if duration < l.slow {
		return
	}
	sql, rows := statement()
	l.log.WarnContext(ctx, "slow statement", "sql", truncate(sql, maxLoggedSQL), "rows", rows, "took", duration)
}

// ParamsFilter removes the values from the statement that gorm passes to Trace.
func (slowLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

var _ interface {
	logger.Interface
	gorm.ParamsFilter
} = slowLogger{}
