package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// Activate makes the pending user of a registration active. It succeeds without a change if the user is already active or
// blocked.
//
// If the code proves the email, the user holds it from then on. Other users lose it, and Activate returns their
// registrations. It returns user.ErrSuperseded if the registration has no user any more or another user holds the email.
// A username that another registration with the same email has taken is taken back. If an unrelated user has it by now,
// the user becomes active without a username.
func (s *Store) Activate(ctx context.Context, a user.Activation) (user.Displaced, error) {
	return s.prove(ctx, "activate user", a.Registration, proof{
		email:  a.EmailProven,
		event:  event.UserActivated,
		done:   func(own match) bool { return !own.pending() },
		update: func(db *gorm.DB) *gorm.DB { return wherePending(db, a.Registration.ID).Updates(activationColumns(a)) },
	})
}

func activationColumns(a user.Activation) map[string]any {
	at := storedTime(a.At)
	set := map[string]any{"status": user.StatusActive, "verified_at": at}
	if a.Mobile != "" {
		set["mobile_e164"] = a.Mobile
	}
	if a.MobileProven {
		set["mobile_verified_at"] = at
	}
	if a.EmailProven {
		set["email_verified_at"] = gorm.Expr("COALESCE(email_verified_at, ?)", at)
	}
	return set
}

// ConfirmEmail records that a registration's user has proven the email by a link in a message to it. The user holds it
// from then on. Other users lose it, and ConfirmEmail returns their registrations, the same ones if it is repeated. It
// returns user.ErrSuperseded if the registration has no user with this email any more or another user holds it.
func (s *Store) ConfirmEmail(ctx context.Context, registrationID, canonical string, at time.Time) (user.Displaced, error) {
	r := user.Registration{ID: registrationID, Profile: user.Profile{EmailCanonical: canonical}}
	return s.prove(ctx, "confirm email", r, proof{
		email: true,
		done:  func(own match) bool { return own.holds() },
		update: func(db *gorm.DB) *gorm.DB {
			return whereUnproven(db, registrationID, canonical).Update("email_verified_at", storedTime(at))
		},
	})
}

// proof is a change of a user by a code or a link.
type proof struct {
	email  bool                       // the change proves the email
	event  event.Type                 // announces the change; empty if it only proves the email
	done   func(own match) bool       // reports whether the change was made before
	update func(db *gorm.DB) *gorm.DB // makes the change if the user still allows it
}

// prove makes the change p to the user of a registration, and takes the email from all other users if p proves it.
func (s *Store) prove(ctx context.Context, operation string, r user.Registration, p proof) (user.Displaced, error) {
	var lost user.Displaced
	err := s.do(ctx, operation, func(db *gorm.DB) error {
		for range raceLimit {
			matches, err := matchesOf(db, r)
			if err != nil {
				return err
			}
			lost, err = s.proveAgainst(db, r, matches, p)
			if !errors.Is(err, errLostRace) && !isDuplicate(err) {
				return err
			}
		}
		return errContended
	})
	return lost, err
}

func (s *Store) proveAgainst(db *gorm.DB, r user.Registration, matches []match, p proof) (user.Displaced, error) {
	i := slices.IndexFunc(matches, func(m match) bool { return m.RegistrationID == r.ID })
	if i < 0 {
		return user.Displaced{}, user.ErrSuperseded
	}
	own := matches[i]
	others := slices.DeleteFunc(matches, func(m match) bool { return m.RegistrationID == r.ID || !m.SameEmail })
	switch {
	case p.done(own):
		return s.displacedBy(db, r.ID)
	case !own.SameEmail, slices.ContainsFunc(others, match.holds):
		return user.Displaced{}, user.ErrSuperseded
	case len(others) == 0 && !own.lacksUsername(r) && len(s.events.Types) == 0:
		return user.Displaced{}, changedOne(p.update(db.Model(&userRow{})))
	}
	var lost user.Displaced
	err := db.Transaction(func(tx *gorm.DB) (err error) {
		lost, err = s.change(tx, r, own, others, p)
		return err
	})
	return lost, err
}

// change makes the change p to the user own, takes the email from all others if p proves it, and announces all that. A change
// of own since it was read, which may have announced the same, is a lost race.
func (s *Store) change(tx *gorm.DB, r user.Registration, own match, others []match, p proof) (lost user.Displaced, err error) {
	if err := changedOne(p.update(tx.Model(&userRow{}).Where("events = ?", own.Events))); err != nil {
		return user.Displaced{}, err
	}
	if p.email {
		if lost, err = release(tx, r.ID, others); err != nil {
			return user.Displaced{}, err
		}
	}
	if own.lacksUsername(r) {
		if err := takeUsername(tx, r, others); err != nil {
			return user.Displaced{}, err
		}
	}
	changes := p.changes(own)
	if p.email {
		changes = append(changes, losses(r.ID, others)...)
	}
	if lost.Announced, err = s.announce(tx, changes...); err != nil || !p.email {
		return lost, err
	}
	return lost, deletePending(tx, others)
}

// changes are the changes of the user itself.
func (p proof) changes(own match) (changes []occurrence) {
	if p.event != "" {
		changes = append(changes, occurrence{UserID: own.ID, Type: p.event})
	}
	if p.email && own.EmailVerifiedAt == nil {
		changes = append(changes, occurrence{UserID: own.ID, Type: event.UserEmailConfirmed})
	}
	return changes
}

// lacksUsername reports whether another registration has taken the username since r was stored.
func (m match) lacksUsername(r user.Registration) bool {
	return m.Username == nil && r.Profile.Username != ""
}

// release takes the email from all active others, which continue without it, and lists all others.
func release(tx *gorm.DB, winner string, others []match) (lost user.Displaced, err error) {
	for _, m := range others {
		if m.pending() {
			lost.Superseded = append(lost.Superseded, m.RegistrationID)
			continue
		}
		lost.Released = append(lost.Released, m.RegistrationID)
		if err := changedOne(m.unproven(tx).Updates(releaseColumns(tx.NowFunc(), &winner))); err != nil {
			return user.Displaced{}, err
		}
	}
	return lost, nil
}

// deletePending deletes all pending others.
func deletePending(tx *gorm.DB, others []match) error {
	for _, m := range others {
		if !m.pending() {
			continue
		}
		if err := changedOne(m.unproven(tx).Delete(&userRow{})); err != nil {
			return err
		}
	}
	return nil
}

// losses are the changes of the others who lose the email.
func losses(winner string, others []match) []occurrence {
	var changes []occurrence
	for _, m := range others {
		c := occurrence{UserID: m.ID, Type: event.UserEmailReleased, Reason: event.ReasonProvenElsewhere, IfAnnounced: true, CausedBy: winner}
		if m.pending() {
			c.Type, c.Reason = event.UserExpired, event.ReasonSuperseded
		}
		changes = append(changes, c)
	}
	return changes
}

// unproven selects the user if its status is unchanged and it still has the email, unproven.
func (m match) unproven(tx *gorm.DB) *gorm.DB {
	return tx.Model(&userRow{}).Where("id = ? AND status = ? AND email_canonical IS NOT NULL AND email_verified_at IS NULL", m.ID, m.Status)
}

func releaseColumns(at time.Time, winner *string) map[string]any {
	return map[string]any{"email": nil, "email_canonical": nil, "email_released_at": at, "email_released_by": winner}
}

// displacedBy returns the users that lost the email to a registration, and the events of its change. Pending users no longer
// exist.
func (s *Store) displacedBy(db *gorm.DB, winner string) (lost user.Displaced, err error) {
	err = db.Model(&userRow{}).Where("email_released_by = ?", winner).Order("id").Pluck("registration_id", &lost.Released).Error
	if err != nil {
		return user.Displaced{}, err
	}
	lost.Announced, err = s.announced(db, winner)
	return lost, err
}

// takeUsername gives the username back to r's user, unless an unrelated user has it by now.
func takeUsername(tx *gorm.DB, r user.Registration, others []match) error {
	for _, m := range others {
		if !m.SameUsername || !m.pending() {
			continue
		}
		err := tx.Model(&userRow{}).Where("id = ? AND status = ?", m.ID, user.StatusPending).Update("username", nil).Error
		if err != nil {
			return err
		}
	}
	err := tx.Model(&userRow{}).Where("registration_id = ?", r.ID).Update("username", r.Profile.Username).Error
	if isDuplicate(err) {
		return nil
	}
	return err
}

// SetMobile replaces the number of a pending user. It has no effect on other users.
func (s *Store) SetMobile(ctx context.Context, registrationID, mobile string) error {
	return s.do(ctx, "set mobile number", func(db *gorm.DB) error {
		return wherePending(db, registrationID).Model(&userRow{}).Update("mobile_e164", mobile).Error
	})
}

func wherePending(db *gorm.DB, registrationID string) *gorm.DB {
	return db.Where("registration_id = ? AND status = ?", registrationID, user.StatusPending)
}

func whereUnproven(db *gorm.DB, registrationID, canonical string) *gorm.DB {
	return whereRegistration(db, registrationID).Where("email_canonical = ? AND email_verified_at IS NULL", canonical)
}

// changedOne returns errLostRace if a statement found no row in the state that was read before.
func changedOne(done *gorm.DB) error {
	if done.Error == nil && done.RowsAffected == 0 {
		return errLostRace
	}
	return done.Error
}
