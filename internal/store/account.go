package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// AccountOf finds the user of a registration. A registration has no user before it is stored, and after it was refused,
// expired or superseded.
func (s *Store) AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error) {
	found, err := s.accounts(ctx, func(db *gorm.DB) *gorm.DB { return whereRegistration(db, registrationID) })
	if err != nil || len(found) == 0 {
		return user.Account{}, false, err
	}
	return found[0], true, nil
}

// maxAccounts bounds what Accounts returns. Rate limits keep the users of one email far below it.
const maxAccounts = 100

// Accounts finds the users of registrations, and those with a canonical email (see user.Profile) unless it is empty. The
// user that holds the email is first; the others follow, newest first.
func (s *Store) Accounts(ctx context.Context, canonical string, registrationIDs ...string) ([]user.Account, error) {
	return s.accounts(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Where("email_canonical = ? OR registration_id IN ?", optional(canonical), registrationIDs)
	})
}

// accountRow has the columns of users and profiles that accounts reads.
type accountRow struct {
	User            userRow `gorm:"embedded"`
	TermsVersion    string
	TermsAcceptedAt *time.Time
}

// accounts reads only columns without personal data.
func (s *Store) accounts(ctx context.Context, match func(*gorm.DB) *gorm.DB) ([]user.Account, error) {
	var found []accountRow
	err := s.do(ctx, "look up accounts", func(db *gorm.DB) error {
		return match(db.Model(&userRow{})).Joins("LEFT JOIN profiles ON profiles.user_id = users.id").
			Select("id, registration_id, status, requested_at, created_at, verified_at, email_verified_at, email_released_at, " +
				"COALESCE(terms_version, '') AS terms_version, terms_accepted_at").
			Order("email_verified_at IS NULL, id DESC").Limit(maxAccounts).Find(&found).Error
	})
	accounts := make([]user.Account, len(found))
	for i, u := range found {
		accounts[i] = u.account()
	}
	return accounts, err
}

func (r accountRow) account() user.Account {
	u := r.User
	return user.Account{
		UserID:          u.ID,
		RegistrationID:  u.RegistrationID,
		Status:          u.Status,
		RequestedAt:     u.RequestedAt.UTC(),
		CreatedAt:       u.CreatedAt.UTC(),
		VerifiedAt:      utcOrZero(u.VerifiedAt),
		EmailVerifiedAt: utcOrZero(u.EmailVerifiedAt),
		EmailReleasedAt: utcOrZero(u.EmailReleasedAt),
		TermsVersion:    r.TermsVersion,
		TermsAcceptedAt: utcOrZero(r.TermsAcceptedAt),
	}
}

func utcOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
