package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/message"
)

// Unsubscribe takes a user's consent to campaigns back, and keeps the address from them unless it consents again. The first
// time counts: when it was taken back already, the record of when and how stays. It succeeds when there is no such user.
func (s *Store) Unsubscribe(ctx context.Context, userID, source string) error {
	return s.do(ctx, "unsubscribe", func(db *gorm.DB) error {
		var addresses []string
		err := db.Model(&userRow{}).Where("id = ?", userID).Pluck("email_canonical", &addresses).Error
		if err != nil || len(addresses) == 0 {
			return err
		}
		left := message.Suppression{Address: addresses[0], Reason: message.Unsubscribed, Source: source, Since: db.NowFunc()}
		return db.Transaction(func(tx *gorm.DB) error { return suppress(tx, left) })
	})
}
