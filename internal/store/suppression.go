package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

type suppressionRow struct {
	Address string
	Reason  message.SuppressionReason
	Source  string
	Since   time.Time
}

func (suppressionRow) TableName() string { return "suppressions" }

func (r suppressionRow) suppression() message.Suppression {
	return message.Suppression{Address: r.Address, Reason: r.Reason, Source: r.Source, Since: r.Since.UTC()}
}

// Suppress adds an address to the suppression list. If it is listed for the same reason, the first source and time stay.
// A reason that withdraws the consent to campaigns also withdraws the consent of the address's users, unless they consented
// later than the suppression.
func (s *Store) Suppress(ctx context.Context, listed message.Suppression) error {
	return s.do(ctx, "suppress address", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return suppress(tx, listed) })
	})
}

func suppress(tx *gorm.DB, listed message.Suppression) error {
	row := suppressionRow{Address: listed.Address, Reason: listed.Reason, Source: listed.Source, Since: storedTime(listed.Since)}
	if err := insertIfAbsent(tx, &row); err != nil || !listed.Reason.WithdrawsConsent() {
		return err
	}
	owners := tx.Model(&userRow{}).Select("id").Where("email_canonical = ?", listed.Address)
	return tx.Model(&profileRow{}).
		Where("user_id IN (?) AND marketing_consent = ? AND (consent_at IS NULL OR consent_at <= ?)", owners, true, row.Since).
		Updates(map[string]any{"marketing_consent": false, "consent_at": row.Since, "consent_source": row.Source}).Error
}

// Unsuppress removes an address from the suppression list and returns the number of removed reasons. A withdrawn consent
// stays withdrawn.
func (s *Store) Unsuppress(ctx context.Context, address string) (reasons int, err error) {
	err = s.do(ctx, "remove suppressed address", func(db *gorm.DB) error {
		deleted := db.Where("address = ?", address).Delete(&suppressionRow{})
		reasons = int(deleted.RowsAffected)
		return deleted.Error
	})
	return reasons, err
}

// Suppressed returns the reasons for which a canonical address is suppressed, in alphabetical order.
func (s *Store) Suppressed(ctx context.Context, address string) ([]message.SuppressionReason, error) {
	var reasons []message.SuppressionReason
	err := s.do(ctx, "look up suppressions", func(db *gorm.DB) error {
		return db.Model(&suppressionRow{}).Where("address = ?", address).Order("reason").Pluck("reason", &reasons).Error
	})
	return reasons, err
}

// Suppressions returns at most limit entries of the suppression list, newest first.
func (s *Store) Suppressions(ctx context.Context, limit int) ([]message.Suppression, error) {
	return s.suppressions(ctx, func(db *gorm.DB) *gorm.DB { return db.Order("since DESC, address, reason").Limit(limit) })
}

// SuppressionsOf returns the suppressions of the email of the registration's user, oldest first. Address is left empty.
func (s *Store) SuppressionsOf(ctx context.Context, registrationID string) ([]message.Suppression, error) {
	listed, err := s.suppressions(ctx, func(db *gorm.DB) *gorm.DB {
		address := whereRegistration(s.db.WithContext(ctx).Model(&userRow{}).Select("email_canonical"), registrationID)
		return db.Where("address = (?)", address).Order("since, reason")
	})
	for i := range listed {
		listed[i].Address = ""
	}
	return listed, err
}

func (s *Store) suppressions(ctx context.Context, filter func(*gorm.DB) *gorm.DB) ([]message.Suppression, error) {
	var rows []suppressionRow
	err := s.do(ctx, "list suppressions", func(db *gorm.DB) error { return filter(db).Find(&rows).Error })
	var listed []message.Suppression
	for _, r := range rows {
		listed = append(listed, r.suppression())
	}
	return listed, err
}
