package store

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// quietLogger logs slow statements and nothing else: what gorm has to say, it also returns as an error, and a
// driver's error text may hold the values of a row.
type quietLogger struct {
	log  *slog.Logger
	slow time.Duration
}

func (l quietLogger) LogMode(logger.LogLevel) logger.Interface { return l }
func (quietLogger) Info(context.Context, string, ...any)       {}
func (quietLogger) Warn(context.Context, string, ...any)       {}
func (quietLogger) Error(context.Context, string, ...any)      {}

func (l quietLogger) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	took := time.Since(begin)
	if took < l.slow {
		return
	}
	sql, rows := statement()
	l.log.WarnContext(ctx, "slow statement", "sql", sql, "rows", rows, "took", took)
}

// ParamsFilter keeps the values out of the statement that gorm hands to Trace.
func (quietLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

var _ interface {
	logger.Interface
	gorm.ParamsFilter
} = quietLogger{}
