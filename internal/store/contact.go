package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// Contact returns how to reach the user of a registration. The bool is false if it has no user.
func (s *Store) Contact(ctx context.Context, registrationID string) (user.Contact, bool, error) {
	return s.contact(ctx, func(db *gorm.DB) *gorm.DB { return whereRegistration(db, registrationID) })
}

// Holder returns how to reach the user who holds a canonical email. The bool is false if nobody has proven it.
func (s *Store) Holder(ctx context.Context, canonical string) (user.Contact, bool, error) {
	return s.contact(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Where("email_canonical = ? AND email_verified_at IS NOT NULL", canonical)
	})
}

func (s *Store) contact(ctx context.Context, filter func(*gorm.DB) *gorm.DB) (user.Contact, bool, error) {
	var found []user.Contact
	err := s.do(ctx, "look up contact", func(db *gorm.DB) error {
		return filter(db.Table("users").Joins("JOIN profiles ON profiles.user_id = users.id")).
			Select("users.id AS user_id, registration_id, COALESCE(email, '') AS email, COALESCE(email_canonical, '') AS email_canonical, " +
				"COALESCE(mobile_e164, '') AS mobile, first_name, locale, COALESCE(attributes, '') AS attributes").
			Scan(&found).Error
	})
	if err != nil || len(found) == 0 {
		return user.Contact{}, false, err
	}
	return found[0], true, nil
}
