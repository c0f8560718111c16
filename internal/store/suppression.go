package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/event"
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
// later than the suppression. Such a change of the consent is announced.
func (s *Store) Suppress(ctx context.Context, listed message.Suppression) error {
	return s.do(ctx, "suppress address", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return s.suppress(tx, listed) })
	})
}

func (s *Store) suppress(tx *gorm.DB, listed message.Suppression) error {
	withdrawn, err := suppress(tx, listed)
	if err != nil {
		return err
	}
	_, err = s.announce(tx, withdrawn...)
	return err
}

// suppress returns the users whose consent it has withdrawn, for announce.
func suppress(tx *gorm.DB, listed message.Suppression) (withdrawn []occurrence, err error) {
	row := suppressionRow{Address: listed.Address, Reason: listed.Reason, Source: listed.Source, Since: storedTime(listed.Since)}
	if err := insertIfAbsent(tx, &row); err != nil || !listed.Reason.WithdrawsConsent() {
		return nil, err
	}
	// All changes of a user lock the row in users first. Here, that also comes before the first read.
	owners := func() *gorm.DB { return tx.Model(&userRow{}).Where("email_canonical = ?", listed.Address) }
	locked := owners().UpdateColumn("updated_at", gorm.Expr("updated_at"))
	if locked.Error != nil || locked.RowsAffected == 0 {
		return nil, locked.Error
	}
	var ids []string
	if err := owners().Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	for _, id := range ids {
		changed, err := withdrawConsent(tx, id, row)
		if err != nil {
			return nil, err
		}
		if changed {
			withdrawn = append(withdrawn, occurrence{UserID: id, Type: event.ConsentChanged})
		}
	}
	return withdrawn, nil
}

// withdrawConsent withdraws the consent of a user that consented before the suppression. The condition is part of the statement,
// because a transaction that has read before may not see the last change of the consent.
func withdrawConsent(tx *gorm.DB, userID string, since suppressionRow) (changed bool, err error) {
	updated := tx.Model(&profileRow{}).
		Where("user_id = ? AND marketing_consent = ? AND (consent_at IS NULL OR consent_at <= ?)", userID, true, since.Since).
		Updates(map[string]any{"marketing_consent": false, "consent_at": since.Since, "consent_source": since.Source})
	if updated.Error != nil || updated.RowsAffected == 0 {
		return false, updated.Error
	}
	return true, tx.Model(&userRow{}).Where("id = ?", userID).UpdateColumn("updated_at", tx.NowFunc()).Error
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
