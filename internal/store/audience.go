package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/internal/user"
)

// Addressees returns the next page of an audience: at most limit users whose id is greater than after, ordered by id.
// The query reads a range of the index of users who consented, so its cost depends neither on the size of the table nor
// on the users who did not consent.
func (s *Store) Addressees(ctx context.Context, audience campaign.Audience, after string, limit int) ([]campaign.Addressee, error) {
	var page []campaign.Addressee
	err := s.do(ctx, "list recipients", func(db *gorm.DB) error {
		return selectAudience(db, audience).Select("users.id AS user_id, users.email, profiles.first_name").
			Where("profiles.user_id > ?", after).Order("profiles.user_id").Limit(limit).Scan(&page).Error
	})
	return page, err
}

func (s *Store) countAudience(ctx context.Context, audience campaign.Audience) (int, error) {
	var n int64
	err := s.do(ctx, "count recipients", func(db *gorm.DB) error { return selectAudience(db, audience).Count(&n).Error })
	return int(n), err
}

// selectAudience selects the users of an audience. It includes users who consented again after they had unsubscribed, and
// only those who have proven their email.
func selectAudience(db *gorm.DB, audience campaign.Audience) *gorm.DB {
	query := db.Table("profiles").
		Joins("JOIN users ON users.id = profiles.user_id").
		Where("users.status = ? AND users.email_verified_at IS NOT NULL AND users.created_at < ? AND profiles.marketing_consent = ?",
			user.StatusActive, storedTime(audience.Before), true).
		Where(`NOT EXISTS (SELECT 1 FROM suppressions
			WHERE suppressions.address = users.email_canonical AND (suppressions.reason IN ? OR suppressions.reason = ?
			AND (profiles.consent_at IS NULL OR suppressions.since >= profiles.consent_at)))`,
			[]message.SuppressionReason{message.Bounced, message.Complained}, message.Unsubscribed)
	if audience.Locale != "" {
		prefix := audience.Locale + "-"
		query = query.Where("profiles.locale = ? OR SUBSTR(profiles.locale, 1, ?) = ?", audience.Locale, len(prefix), prefix)
	}
	return query
}
