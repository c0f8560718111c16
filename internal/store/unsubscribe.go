package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/message"
)

// Unsubscribe withdraws a user's consent to campaigns and suppresses the address until the user consents again. If the
// user had unsubscribed before, the first time and source stay. Unsubscribe succeeds if there is no such user.
func (s *Store) Unsubscribe(ctx context.Context, userID, source string) error {
	return s.do(ctx, "unsubscribe", func(db *gorm.DB) error {
		var addresses []string
		err := db.Model(&userRow{}).Where("id = ?", userID).Pluck("email_canonical", &addresses).Error
		if err != nil || len(addresses) == 0 {
			return err
		}
		listed := message.Suppression{Address: addresses[0], Reason: message.Unsubscribed, Source: source, Since: db.NowFunc()}
		return db.Transaction(func(tx *gorm.DB) error { return suppress(tx, listed) })
	})
}
