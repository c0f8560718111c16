package store

import (
	"context"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// Activate makes the registration's pending user active. A user that is already active stays unchanged, with the time
// of its first activation.
//
// A registration that was requested after the right code was entered may have taken the user over before this
// activation reached the database. Activate then takes the user back and returns that registration in takenBack. In
// every other case, a registration without a user gets user.ErrSuperseded.
func (s *Store) Activate(ctx context.Context, a user.Activation) (takenBack string, err error) {
	err = s.do(ctx, "activate user", func(db *gorm.DB) error {
		takenBack = ""
		activated := wherePending(db, a.Registration.ID).Model(&userRow{}).Updates(activationColumns(a))
		if activated.Error != nil || activated.RowsAffected > 0 {
			return activated.Error
		}
		takenBack, err = takeBack(db, a)
		return err
	})
	return takenBack, err
}

// activationColumns returns the columns that an activation sets.
func activationColumns(a user.Activation) map[string]any {
	at := storedTime(a.At)
	set := map[string]any{"status": user.StatusActive, "verified_at": at}
	if a.Mobile != "" {
		set["mobile_e164"] = a.Mobile
	}
	if a.EmailProven {
		set["email_verified_at"] = gorm.Expr("COALESCE(email_verified_at, ?)", at)
	}
	return set
}

// takeBack handles an activation whose registration has no pending user.
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
			return "", errContended // the user was stored after the update looked for it
		case o.SameEmail && o.Status == user.StatusPending && storedTime(a.At).Before(o.RequestedAt):
			return o.RegistrationID, restore(db, u, p, o, a)
		}
	}
	return "", user.ErrSuperseded
}

// restore overwrites a later registration's user with the verified user, in one transaction.
func restore(db *gorm.DB, u userRow, p profileRow, later owner, a user.Activation) error {
	u.ID, p.UserID = later.ID, later.ID
	err := db.Transaction(func(tx *gorm.DB) error {
		if err := replace(tx, &u, &p, later.RegistrationID); err != nil {
			return err
		}
		return wherePending(tx, u.RegistrationID).Model(&userRow{}).Updates(activationColumns(a)).Error
	})
	if isDuplicate(err) { // another user has taken the username in the meantime
		return user.ErrSuperseded
	}
	return err
}

// SetMobile changes the mobile number (E.164) of the registration's pending user. Without a pending user it does nothing.
func (s *Store) SetMobile(ctx context.Context, registrationID, mobile string) error {
	return s.do(ctx, "set mobile number", func(db *gorm.DB) error {
		return wherePending(db, registrationID).Model(&userRow{}).Update("mobile_e164", mobile).Error
	})
}

// Expire deletes the registration's pending user and its profile, which frees the email and the username. A user that is
// active, or that a later registration has taken over, is kept. Expire succeeds when there is nothing to delete.
func (s *Store) Expire(ctx context.Context, registrationID string) error {
	return s.do(ctx, "expire user", func(db *gorm.DB) error {
		return wherePending(db, registrationID).Delete(&userRow{}).Error
	})
}

func wherePending(db *gorm.DB, registrationID string) *gorm.DB {
	return db.Where("registration_id = ? AND status = ?", registrationID, user.StatusPending)
}
