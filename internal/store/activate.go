package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// Activate turns the registration's pending user into an active one. When it is active already, nothing changes: the
// first proof stands. It returns user.ErrSuperseded when the registration owns no user.
func (s *Store) Activate(ctx context.Context, a user.Activation) error {
	at := stamp(a.At)
	set := map[string]any{"status": user.StatusActive, "verified_at": at}
	if a.Mobile != "" {
		set["mobile_e164"] = a.Mobile
	}
	if a.EmailProven {
		set["email_verified_at"] = gorm.Expr("COALESCE(email_verified_at, ?)", at)
	}
	return s.do(ctx, "activate user", func(db *gorm.DB) error {
		activated := pendingOf(db, a.RegistrationID).Model(&userRow{}).Updates(set)
		if activated.Error != nil || activated.RowsAffected > 0 {
			return activated.Error
		}
		return activeAlready(db, a.RegistrationID)
	})
}

func activeAlready(db *gorm.DB, registrationID string) error {
	var found []user.Status
	err := db.Model(&userRow{}).Where("registration_id = ?", registrationID).Pluck("status", &found).Error
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return user.ErrSuperseded
	case found[0] == user.StatusActive:
		return nil
	default:
		return errContended // it was stored since the update looked for it
	}
}

// Expire deletes the registration's user and profile while it is pending, which frees email and username. A user that
// is active, or that a later registration has taken over, stays. It succeeds when there is nothing to delete.
func (s *Store) Expire(ctx context.Context, registrationID string) error {
	return s.do(ctx, "expire user", func(db *gorm.DB) error {
		return pendingOf(db, registrationID).Delete(&userRow{}).Error
	})
}

func pendingOf(db *gorm.DB, registrationID string) *gorm.DB {
	return db.Where("registration_id = ? AND status = ?", registrationID, user.StatusPending)
}
