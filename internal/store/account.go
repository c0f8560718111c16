package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// AccountOf finds the user of a registration. A registration has no user before it is stored, after it was refused or
// expired, or after a later registration took the user over.
func (s *Store) AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error) {
	return s.account(ctx, func(db *gorm.DB) *gorm.DB { return whereRegistration(db, registrationID) })
}

// AccountByEmail finds the user with a canonical email (see user.Profile).
func (s *Store) AccountByEmail(ctx context.Context, canonical string) (user.Account, bool, error) {
	return s.account(ctx, func(db *gorm.DB) *gorm.DB { return db.Where("email_canonical = ?", canonical) })
}

// account finds the one user that matches and reads only columns without personal data.
func (s *Store) account(ctx context.Context, match func(*gorm.DB) *gorm.DB) (user.Account, bool, error) {
	var found []userRow
	err := s.do(ctx, "look up account", func(db *gorm.DB) error {
		return match(db).
			Select("id, registration_id, status, requested_at, created_at, verified_at, email_verified_at").
			Find(&found).Error
	})
	if err != nil || len(found) == 0 {
		return user.Account{}, false, err
	}
	return found[0].account(), true, nil
}

func (u userRow) account() user.Account {
	return user.Account{
		UserID:          u.ID,
		RegistrationID:  u.RegistrationID,
		Status:          u.Status,
		RequestedAt:     u.RequestedAt.UTC(),
		CreatedAt:       u.CreatedAt.UTC(),
		VerifiedAt:      utcOrZero(u.VerifiedAt),
		EmailVerifiedAt: utcOrZero(u.EmailVerifiedAt),
	}
}

func utcOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
