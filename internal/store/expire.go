package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// DisownEmail removes an unproven email from a registration's user because its owner did not register: a pending user is
// deleted, an active one continues without it. It returns the registration as the one that lost the email. It returns
// user.ErrEmailProven if the email is proven, and user.ErrSuperseded if the registration has no user with this email any more.
func (s *Store) DisownEmail(ctx context.Context, registrationID, canonical string, at time.Time) (lost user.Displaced, err error) {
	err = s.do(ctx, "disown email", func(db *gorm.DB) error {
		for range raceLimit {
			lost, err = s.disown(db, registrationID, canonical, storedTime(at))
			if !errors.Is(err, errLostRace) {
				return err
			}
		}
		return errContended
	})
	return lost, err
}

func (s *Store) disown(db *gorm.DB, registrationID, canonical string, at time.Time) (lost user.Displaced, err error) {
	var found []match
	err = whereRegistration(db, registrationID).Where("email_canonical = ?", canonical).
		Model(&userRow{}).Select("id, status, email_verified_at").Find(&found).Error
	switch {
	case err != nil:
		return user.Displaced{}, err
	case len(found) == 0:
		return user.Displaced{}, user.ErrSuperseded
	case found[0].EmailVerifiedAt != nil:
		return user.Displaced{}, user.ErrEmailProven
	}
	m := found[0]
	if m.pending() {
		lost.Superseded = []string{registrationID}
		lost.Announced, err = s.deleteUser(db, m, event.ReasonDisowned, m.unproven)
		return lost, err
	}
	lost.Released = []string{registrationID}
	err = db.Transaction(func(tx *gorm.DB) (err error) {
		if err := changedOne(m.unproven(tx).Updates(releaseColumns(at, nil))); err != nil {
			return err
		}
		lost.Announced, err = s.announce(tx,
			occurrence{UserID: m.ID, Type: event.UserEmailReleased, Reason: event.ReasonDisowned, IfAnnounced: true})
		return err
	})
	return lost, err
}

// Expire deletes the user of a registration if it is still pending, so that its username is free again. The reason is one of
// package event. It returns the sequence of the registration's last event.
func (s *Store) Expire(ctx context.Context, registrationID, reason string) (through int, err error) {
	err = s.do(ctx, "expire user", func(db *gorm.DB) error {
		for range raceLimit {
			through, err = s.expire(db, registrationID, reason)
			if !errors.Is(err, errLostRace) {
				return err
			}
		}
		return errContended
	})
	return through, err
}

func (s *Store) expire(db *gorm.DB, registrationID, reason string) (through int, err error) {
	if len(s.events.Types) == 0 {
		return 0, wherePending(db, registrationID).Delete(&userRow{}).Error
	}
	var found []match
	if err := wherePending(db, registrationID).Model(&userRow{}).Select("id, status").Find(&found).Error; err != nil {
		return 0, err
	}
	if len(found) == 0 {
		last, err := s.lastEvent(db, registrationID)
		return last.Sequence, err
	}
	still := func(tx *gorm.DB) *gorm.DB { return wherePending(tx, registrationID) }
	announced, err := s.deleteUser(db, found[0], reason, still)
	return lastOf(announced), err
}

// deleteUser announces the end of a user and deletes it, if still selects it.
func (s *Store) deleteUser(db *gorm.DB, m match, reason string, still func(*gorm.DB) *gorm.DB) (announced []user.Announced, err error) {
	err = db.Transaction(func(tx *gorm.DB) (err error) {
		announced, err = s.announce(tx, occurrence{UserID: m.ID, Type: event.UserExpired, Reason: reason, IfAnnounced: true})
		if err != nil {
			return err
		}
		return changedOne(still(tx).Delete(&userRow{}))
	})
	return announced, err
}
