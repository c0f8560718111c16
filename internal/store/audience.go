package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/message"
	"registrar/internal/user"
)

// addressee is a row that Addressees reads.
type addressee struct {
	ID        string
	Email     string
	FirstName string
}

// Addressees are the next of an audience: the first of those whose user id is behind after, in the order of their ids,
// limit at most. Its query reads, from one user id to another, the index of those who agreed: neither the size of the table
// nor those who did not agree cost anything.
func (s *Store) Addressees(ctx context.Context, who message.Audience, after string, limit int) ([]message.Addressee, error) {
	var rows []addressee
	err := s.do(ctx, "list recipients", func(db *gorm.DB) error {
		return of(db, who).Select("users.id, users.email, profiles.first_name").
			Where("profiles.user_id > ?", after).Order("profiles.user_id").Limit(limit).Scan(&rows).Error
	})
	people := make([]message.Addressee, 0, len(rows))
	for _, r := range rows {
		people = append(people, message.Addressee{UserID: r.ID, Email: r.Email, FirstName: r.FirstName})
	}
	return people, err
}

func (s *Store) countAudience(ctx context.Context, who message.Audience) (int, error) {
	var n int64
	err := s.do(ctx, "count recipients", func(db *gorm.DB) error { return of(db, who).Count(&n).Error })
	return int(n), err
}

// of selects an audience. Who agreed again after having unsubscribed is in it.
func of(db *gorm.DB, who message.Audience) *gorm.DB {
	query := db.Table("profiles").
		Joins("JOIN users ON users.id = profiles.user_id").
		Where("users.status = ? AND users.created_at < ? AND profiles.marketing_consent = ?",
			user.StatusActive, stamp(who.Before), true).
		Where(`NOT EXISTS (SELECT 1 FROM suppressions
			WHERE suppressions.address = users.email_canonical AND (suppressions.reason IN ? OR suppressions.reason = ?
			AND (profiles.consent_at IS NULL OR suppressions.since >= profiles.consent_at)))`,
			[]message.SuppressionReason{message.Bounced, message.Complained}, message.Unsubscribed)
	if who.Locale != "" {
		special := who.Locale + "-"
		query = query.Where("profiles.locale = ? OR SUBSTR(profiles.locale, 1, ?) = ?", who.Locale, len(special), special)
	}
	return query
}
