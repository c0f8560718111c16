package store

import (
	"context"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/user"
)

// User returns a user with everything that is stored of it, except the hash of the password. The bool is false if there is
// none.
func (s *Store) User(ctx context.Context, id string) (user.Record, bool, error) {
	found, err := s.records(ctx, "look up user", func(db *gorm.DB) *gorm.DB { return whereUUID(db, "users.id", id) })
	if err != nil || len(found) == 0 {
		return user.Record{}, false, err
	}
	return found[0], true, nil
}

// FindUsers returns the next page of the users that a filter selects: at most limit users, newest first, whose id is lower than
// after. An empty after begins with the newest.
func (s *Store) FindUsers(ctx context.Context, f user.Filter, after string, limit int) ([]user.Record, error) {
	return s.records(ctx, "find users", func(db *gorm.DB) *gorm.DB {
		if after != "" && uuid.Validate(after) != nil {
			return db.Where("1 = 0")
		}
		if after != "" {
			db = db.Where("users.id < ?", after)
		}
		return whereFilter(db, f).Order("users.id DESC").Limit(limit)
	})
}

func whereFilter(db *gorm.DB, f user.Filter) *gorm.DB {
	if f.EmailCanonical != "" {
		db = db.Where("email_canonical = ?", f.EmailCanonical)
	}
	if f.Mobile != "" {
		db = db.Where("mobile_e164 = ?", f.Mobile)
	}
	if isASCII(f.Username) && f.Username != "" {
		db = db.Where("username = ?", f.Username)
	} else if f.Username != "" { // MySQL refuses to compare the ASCII column with other characters
		db = db.Where("1 = 0")
	}
	if f.Status != "" {
		db = db.Where("status = ?", f.Status)
	}
	if !f.CreatedAfter.IsZero() {
		db = db.Where("created_at > ?", storedTime(f.CreatedAfter))
	}
	if !f.CreatedBefore.IsZero() {
		db = db.Where("created_at < ?", storedTime(f.CreatedBefore))
	}
	return db
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// recordRow is a user with its profile.
type recordRow struct {
	User    userRow    `gorm:"embedded"`
	Profile profileRow `gorm:"embedded"`
}

// recordColumns leaves out password_hash.
const recordColumns = "id, registration_id, username, email, mobile_e164, status, requested_at, verified_at, email_verified_at, " +
	"mobile_verified_at, email_released_at, blocked_at, created_at, updated_at, " +
	"user_id, first_name, last_name, locale, marketing_consent, consent_at, consent_source, terms_version, terms_accepted_at, attributes"

func (s *Store) records(ctx context.Context, operation string, match func(*gorm.DB) *gorm.DB) ([]user.Record, error) {
	var found []recordRow
	err := s.do(ctx, operation, func(db *gorm.DB) error {
		found = nil // of an attempt that failed
		return match(db.Model(&userRow{})).Joins("JOIN profiles ON profiles.user_id = users.id").Select(recordColumns).Find(&found).Error
	})
	records := make([]user.Record, len(found))
	for i, r := range found {
		records[i] = r.record()
	}
	return records, err
}

func (r recordRow) record() user.Record {
	u, p := r.User, r.Profile
	return user.Record{
		ID: u.ID, RegistrationID: u.RegistrationID, Status: u.Status,
		Email: textOf(u.Email), Username: textOf(u.Username), Mobile: textOf(u.MobileE164),
		RequestedAt: u.RequestedAt.UTC(), CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(),
		VerifiedAt: utcOrZero(u.VerifiedAt), EmailVerifiedAt: utcOrZero(u.EmailVerifiedAt),
		MobileVerifiedAt: utcOrZero(u.MobileVerifiedAt), EmailReleasedAt: utcOrZero(u.EmailReleasedAt), BlockedAt: utcOrZero(u.BlockedAt),
		FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale,
		MarketingConsent: p.MarketingConsent, ConsentAt: utcOrZero(p.ConsentAt), ConsentSource: p.ConsentSource,
		TermsVersion: p.TermsVersion, TermsAcceptedAt: utcOrZero(p.TermsAcceptedAt), Attributes: textOf(p.Attributes),
	}
}

// textOf returns "" for nil (NULL).
func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
