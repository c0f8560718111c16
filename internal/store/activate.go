package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// Activate turns the registration's pending user into an active one. When it is active already, nothing changes: the
// first proof stands.
//
// A registration that is requested after the right code was entered cannot have the user: if it took the user over
// before the activation reached the database, the user is taken back, and takenBack names that registration. Otherwise
// a registration that owns no user gets user.ErrSuperseded.
func (s *Store) Activate(ctx context.Context, a user.Activation) (takenBack string, err error) {
	err = s.do(ctx, "activate user", func(db *gorm.DB) error {
		takenBack = ""
		activated := pendingOf(db, a.Registration.ID).Model(&userRow{}).Updates(proof(a))
		if activated.Error != nil || activated.RowsAffected > 0 {
			return activated.Error
		}
		takenBack, err = takeBack(db, a)
		return err
	})
	return takenBack, err
}

// proof is what an activation writes.
func proof(a user.Activation) map[string]any {
	at := stamp(a.At)
	set := map[string]any{"status": user.StatusActive, "verified_at": at}
	if a.Mobile != "" {
		set["mobile_e164"] = a.Mobile
	}
	if a.EmailProven {
		set["email_verified_at"] = gorm.Expr("COALESCE(email_verified_at, ?)", at)
	}
	return set
}

// takeBack settles an activation that found no pending user of its registration.
func takeBack(db *gorm.DB, a user.Activation) (string, error) {
	u, p := rowsOf(a.Registration, db.NowFunc())
	owners, err := ownersOf(db, u)
	if err != nil {
		return "", err
	}
	for _, o := range owners {
		switch {
		case o.RegistrationID == u.RegistrationID && o.Status == user.StatusActive:
			return "", nil
		case o.RegistrationID == u.RegistrationID:
			return "", errContended // it was stored since the update looked for it
		case o.SameEmail && o.Status == user.StatusPending && stamp(a.At).Before(o.RequestedAt):
			return o.RegistrationID, restore(db, u, p, o, a)
		}
	}
	return "", user.ErrSuperseded
}

// restore puts the verified user in the place of a later one, in one transaction.
func restore(db *gorm.DB, u userRow, p profileRow, later owner, a user.Activation) error {
	u.ID, p.UserID = later.ID, later.ID
	err := db.Transaction(func(tx *gorm.DB) error {
		if err := replace(tx, &u, &p, later.RegistrationID); err != nil {
			return err
		}
		return pendingOf(tx, u.RegistrationID).Model(&userRow{}).Updates(proof(a)).Error
	})
	if isDuplicate(err) { // somebody has the username since
		return user.ErrSuperseded
	}
	return err
}

// SetMobile gives the registration's pending user another number, in E.164. Without such a user nothing changes.
func (s *Store) SetMobile(ctx context.Context, registrationID, mobile string) error {
	return s.do(ctx, "set mobile number", func(db *gorm.DB) error {
		return pendingOf(db, registrationID).Model(&userRow{}).Update("mobile_e164", mobile).Error
	})
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
