package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

const (
	// tokenRetention is longer than a report's signature stays valid for any provider.
	tokenRetention = 12 * time.Hour
	// reportRetention is how long a report waits for its message to appear in the ledger.
	reportRetention = 7 * 24 * time.Hour
	// pruneInterval is how often a process looks for expired rows.
	pruneInterval = 10 * time.Minute
	// pruneRows is the number of rows that one statement deletes. It is small because a Galera cluster accepts or refuses
	// a transaction as a whole.
	pruneRows = 1000
	// pruneRounds and pruneTimeout bound the delay of a report: no round begins after either limit.
	pruneRounds  = 5
	pruneTimeout = time.Second
)

// prune deletes expired tokens and reports, at most once every pruneInterval. A campaign to a million users leaves a million
// of them: while more rows are expired than one call deletes, every call deletes some. A failure is only logged, so that
// it does not fail a report.
func (s *Store) prune(ctx context.Context) {
	now := s.db.NowFunc()
	last := s.pruned.Load()
	if now.UnixNano()-last < int64(pruneInterval) || !s.pruned.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	began := time.Now()
	for round := 0; round < pruneRounds && time.Since(began) < pruneTimeout; round++ {
		more, err := s.pruneSome(ctx, now)
		if err != nil && round > 0 {
			break // more rows are expired, and the caller's context has probably ended
		}
		if err != nil {
			s.logger.WarnContext(ctx, "pruning delivery reports failed", "err", err)
			return
		}
		if !more {
			return
		}
	}
	s.pruned.Store(last)
}

// pruneSome deletes the oldest expired rows and reports whether there may be more.
func (s *Store) pruneSome(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.do(ctx, "prune reports", func(db *gorm.DB) error {
		moreTokens, err := deleteOldest(db, &tokenRow{}, now.Add(-tokenRetention))
		if err != nil {
			return err
		}
		moreReports, err := deleteOldest(db, &reportRow{}, now.Add(-reportRetention))
		more = moreTokens || moreReports
		return err
	})
	return more, err
}

// deleteOldest deletes about pruneRows of the oldest rows from before a time. It deletes all rows up to the time of the
// last of them, because SQLite as built here has no DELETE … LIMIT.
func deleteOldest(db *gorm.DB, row any, before time.Time) (more bool, err error) {
	var last []time.Time
	err = db.Model(row).Where("received_at < ?", before).Order("received_at").Offset(pruneRows-1).Limit(1).
		Pluck("received_at", &last).Error
	if err != nil {
		return false, err
	}
	old := db.Where("received_at < ?", before)
	if more = len(last) > 0; more {
		old = old.Where("received_at <= ?", last[0])
	}
	return more, old.Delete(row).Error
}
