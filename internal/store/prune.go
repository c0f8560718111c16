package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

const (
	// tokenRetention is longer than any provider's signature is taken for good.
	tokenRetention = 12 * time.Hour
	// reportRetention is how long a report waits for the message that it is about.
	reportRetention = 7 * 24 * time.Hour
	// pruneInterval is how often a process looks for rows that have outlived their use.
	pruneInterval = 10 * time.Minute
	// pruneRows is how many of them a statement deletes: a Galera cluster takes or refuses a transaction as a whole.
	pruneRows = 1000
	// pruneRounds and prunePatience bound what a report waits for: no round begins after either.
	pruneRounds  = 5
	pruneTimeout = time.Second
)

// prune deletes tokens and reports that have outlived their use, once in a while. A campaign to a million people leaves a
// million of them: while there are more than a call deletes, every call deletes some. No report fails of it.
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
			break // there is more, and the caller's time is over
		}
		if err != nil {
			s.logger.WarnContext(ctx, "reports are not pruned", "err", err)
			return
		}
		if !more {
			return
		}
	}
	s.pruned.Store(last)
}

// pruneSome deletes the oldest rows, and tells whether there may be more to delete.
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

// deleteOldest deletes pruneRows rows from before a time. It deletes up to the time of the last of them, which needs no
// LIMIT: SQLite has none here.
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
