package store

import (
	"context"

	"gorm.io/gorm"
)

// HashCount is a number of users whose password hashes have equal parameters.
type HashCount struct {
	// Parameters are the beginning of the hashes, up to the salt, such as $argon2id$v=19$m=19456,t=2,p=1. They are empty for
	// hashes of another kind.
	Parameters string
	Users      int
}

// hashParameters selects the beginning of argon2id hashes: '$argon2id$v=19$' has 15 characters, and the parameters after it
// end before the next $.
const hashParameters = `CASE WHEN password_hash LIKE '$argon2id$v=19$%'
	THEN SUBSTR(password_hash, 1, 14 + INSTR(SUBSTR(password_hash, 16), '$')) ELSE '' END`

// CountHashes counts the users by the parameters of their password hashes, the most frequent first. It reads all users.
func (s *Store) CountHashes(ctx context.Context) ([]HashCount, error) {
	var counts []HashCount
	err := s.do(ctx, "count password hashes", func(db *gorm.DB) error {
		return db.Model(&userRow{}).Select(hashParameters + " AS parameters, COUNT(*) AS users").
			Group("parameters").Order("users DESC, parameters").Find(&counts).Error
	})
	return counts, err
}
