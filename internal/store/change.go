package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/message"
	"registrar/internal/user"
)

// ChangeUser changes a user. It is idempotent.
func (s *Store) ChangeUser(ctx context.Context, r user.ChangeRequest) (user.ChangeResult, error) {
	out := user.ChangeResult{Outcome: user.ChangeNotFound}
	err := s.do(ctx, "change user", func(db *gorm.DB) error {
		var addresses []string
		err := whereUUID(db.Model(&userRow{}), "id", r.UserID).Pluck("email_canonical", &addresses).Error
		if err != nil || len(addresses) == 0 {
			return err
		}
		out.Outcome = user.ChangeDone
		listed := message.Suppression{Address: addresses[0], Reason: message.Unsubscribed, Source: r.Actor, Since: r.At}
		return db.Transaction(func(tx *gorm.DB) error { return suppress(tx, listed) })
	})
	return out, err
}
