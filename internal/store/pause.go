package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"registrar/internal/message"
)

type pauseRow struct {
	Provider string `gorm:"primaryKey"`
	Reason   string
	Since    time.Time
}

func (pauseRow) TableName() string { return "provider_pauses" }

// reasonLimit is the width of provider_pauses.reason, in characters.
const reasonLimit = 1000

// Pause pauses a provider. If it is already paused, the reason is replaced and the first Since stays. A reason is cut
// after 1000 characters.
func (s *Store) Pause(ctx context.Context, p message.Pause) error {
	row := pauseRow{Provider: p.Provider, Reason: truncate(p.Reason, reasonLimit), Since: storedTime(p.Since)}
	newReason := clause.OnConflict{
		Columns:   []clause.Column{{Name: "provider"}},
		DoUpdates: clause.Assignments(map[string]any{"reason": row.Reason}),
	}
	return s.do(ctx, "pause provider", func(db *gorm.DB) error { return db.Clauses(newReason).Create(&row).Error })
}

// Unpause ends the pause of a provider and reports whether the provider was paused.
func (s *Store) Unpause(ctx context.Context, provider string) (bool, error) {
	var paused bool
	err := s.do(ctx, "unpause provider", func(db *gorm.DB) error {
		deleted := db.Where("provider = ?", provider).Delete(&pauseRow{})
		paused = deleted.RowsAffected > 0
		return deleted.Error
	})
	return paused, err
}

// Pauses returns the paused providers, ordered by name.
func (s *Store) Pauses(ctx context.Context) ([]message.Pause, error) {
	var rows []pauseRow
	err := s.do(ctx, "list pauses", func(db *gorm.DB) error { return db.Order("provider").Find(&rows).Error })
	var pauses []message.Pause
	for _, r := range rows {
		pauses = append(pauses, message.Pause{Provider: r.Provider, Reason: r.Reason, Since: r.Since.UTC()})
	}
	return pauses, err
}
