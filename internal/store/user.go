package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// userRow is a user. A user without an address has lost it to a user who has proven it.
type userRow struct {
	ID               string `gorm:"primaryKey"`
	RegistrationID   string
	Username         *string
	Email            *string
	EmailCanonical   *string
	PasswordHash     string
	MobileE164       *string `gorm:"column:mobile_e164"`
	Status           user.Status
	RequestedAt      time.Time
	VerifiedAt       *time.Time
	EmailVerifiedAt  *time.Time // set: the user holds the address. A unique key lets no other user hold it
	MobileVerifiedAt *time.Time
	EmailReleasedAt  *time.Time // when the user lost an unproven address
	EmailReleasedBy  *string    // the registration that has proven it; NULL if the owner of the address disowned the user
	BlockedAt        *time.Time // when an operator blocked the user; NULL if it is not blocked
	Events           int        // sequence of the last event; 0 if the user was never announced
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

func (userRow) TableName() string { return "users" }

type profileRow struct {
	UserID           string `gorm:"primaryKey"`
	FirstName        string
	LastName         string
	Locale           string
	MarketingConsent bool
	ConsentAt        *time.Time // time of the last change of the consent; NULL if the user never consented
	ConsentSource    string     // source of the last change of the consent
	TermsVersion     string     // version of the terms that the user accepted; empty if there were none
	TermsAcceptedAt  *time.Time // NULL if there were no terms
	Attributes       *string    // a JSON object; NULL if there are none
}

func (profileRow) TableName() string { return "profiles" }

// consentByForm is the source of a consent that was given or refused in the registration form.
const consentByForm = "registration"

// rowsOf returns the rows of a new pending user for r. The id is a UUIDv7, so the primary key follows insertion order.
func rowsOf(r user.Registration, now time.Time) (userRow, profileRow) {
	u := userRow{
		ID:             uuid.Must(uuid.NewV7()).String(),
		RegistrationID: r.ID,
		Username:       optional(r.Profile.Username),
		Email:          &r.Profile.Email,
		EmailCanonical: &r.Profile.EmailCanonical,
		PasswordHash:   r.PasswordHash,
		MobileE164:     optional(r.Profile.Mobile),
		Status:         user.StatusPending,
		RequestedAt:    storedTime(r.RequestedAt),
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	p := profileRow{
		UserID:           u.ID,
		FirstName:        r.Profile.FirstName,
		LastName:         r.Profile.LastName,
		Locale:           r.Profile.Locale,
		MarketingConsent: r.Profile.MarketingConsent,
		ConsentSource:    consentByForm,
		TermsVersion:     r.Profile.TermsVersion,
		Attributes:       optional(r.Profile.Attributes),
	}
	if p.MarketingConsent {
		p.ConsentAt = &u.RequestedAt
	}
	if p.TermsVersion != "" {
		p.TermsAcceptedAt = &u.RequestedAt
	}
	return u, p
}

// raceLimit is the number of races that one call may lose before it fails. Every lost race was won by another
// registration, so a call reaches the limit only when that many registrations compete for its email or username.
const raceLimit = 50

var (
	errContended = errors.New("concurrent registrations kept changing the row")
	errLostRace  = errors.New("a concurrent registration changed the row")
)

// Persist creates the pending user of a registration. If an earlier call created it, Persist returns the same user and
// sets Again.
//
// It returns user.ErrEmailTaken if another user holds the email, that is, has proven it; for a concealed registration it
// sets Held instead. It sets Contested if another user has the email, unproven: each of these users keeps its own row and
// id. It returns user.ErrUsernameTaken if another user has the username. A pending user with the same email is an
// exception: it loses the username to the new user, so that a user who fills in the form again keeps their name.
func (s *Store) Persist(ctx context.Context, r user.Registration) (user.Persisted, error) {
	var done user.Persisted
	err := s.do(ctx, "persist user", func(db *gorm.DB) (err error) {
		done, err = s.persist(db, r)
		return err
	})
	return done, err
}

// persist reads the users with the same values and then writes; a unique key refuses a user if another one was stored in between. It uses no
// locking reads: on a Galera cluster they lock only one node and end in deadlocks.
func (s *Store) persist(db *gorm.DB, r user.Registration) (user.Persisted, error) {
	u, p := rowsOf(r, db.NowFunc())
	for range raceLimit {
		matches, err := matchesOf(db, r)
		if err != nil {
			return user.Persisted{}, err
		}
		done, named, err := decideStored(r, matches)
		if err != nil || done.Again {
			done.Announced = s.announcedThrough(done.Announced)
			return done, err
		}
		// An earlier user of the registration may have expired. The sequence goes on.
		last, err := s.lastEvent(db, r.ID)
		if err != nil {
			return user.Persisted{}, err
		}
		u.Events = last.Sequence
		err = db.Transaction(func(tx *gorm.DB) (err error) {
			done.Announced, err = s.insert(tx, &u, &p, named, !done.Held)
			return err
		})
		if err == nil {
			done.UserID, done.Status = u.ID, u.Status
			return done, nil
		}
		if !isDuplicate(err) && !errors.Is(err, errLostRace) {
			return user.Persisted{}, err
		}
	}
	return user.Persisted{}, errContended
}

// insert stores a new user. The user with the id named, if there is one, loses its username. If the user is announced,
// insert returns the sequence of its event.
func (s *Store) insert(tx *gorm.DB, u *userRow, p *profileRow, named string, announced bool) (through int, err error) {
	if named != "" {
		err := changedOne(tx.Model(&userRow{}).Where("id = ? AND status = ?", named, user.StatusPending).Update("username", nil))
		if err != nil {
			return 0, err
		}
	}
	if err := tx.Create(u).Error; err != nil {
		return 0, err
	}
	if err := tx.Create(p).Error; err != nil || !announced {
		return 0, err
	}
	recorded, err := s.announce(tx, occurrence{UserID: u.ID, Type: event.UserRegistered})
	return lastOf(recorded), err
}

// announcedThrough returns the sequence of a user's last event, or 0 if no events are recorded: then nobody delivers them.
func (s *Store) announcedThrough(last int) int {
	if len(s.events.Types) == 0 {
		return 0
	}
	return last
}

// lastOf returns the sequence of the last event of one registration, or 0 if there is none.
func lastOf(announced []user.Announced) int {
	if len(announced) == 0 {
		return 0
	}
	return announced[0].Through
}

// match is a user that has the registration's id, email or username.
type match struct {
	ID              string
	RegistrationID  string
	Username        *string
	Status          user.Status
	MobileE164      *string `gorm:"column:mobile_e164"`
	EmailVerifiedAt *time.Time
	Events          int
	SameEmail       bool
	SameUsername    bool
}

func (m match) holds() bool   { return m.SameEmail && m.EmailVerifiedAt != nil }
func (m match) pending() bool { return m.Status == user.StatusPending }

// matchesOf reads all matches in one statement, so that they come from one snapshot of the table.
func matchesOf(db *gorm.DB, r user.Registration) ([]match, error) {
	var matches []match
	username := optional(r.Profile.Username)
	err := db.Model(&userRow{}).
		Select("id, registration_id, username, status, mobile_e164, email_verified_at, events, "+
			"COALESCE(email_canonical = ?, FALSE) AS same_email, COALESCE(username = ?, FALSE) AS same_username",
			r.Profile.EmailCanonical, username).
		Where("registration_id = ? OR email_canonical = ? OR username = ?", r.ID, r.Profile.EmailCanonical, username).
		Find(&matches).Error
	return matches, err
}

// decideStored compares a registration with its matches. done is complete if the user is already stored; otherwise the user is
// to be stored, and named is the id of the pending user that loses its username to it.
func decideStored(r user.Registration, matches []match) (done user.Persisted, named string, err error) {
	usernameTaken := false
	for _, m := range matches {
		if m.RegistrationID == r.ID {
			done.UserID, done.Status, done.Again, done.EmailVerified = m.ID, m.Status, true, m.holds()
			done.Announced = m.Events
			if m.MobileE164 != nil {
				done.Mobile = *m.MobileE164
			}
			continue
		}
		done.Held = done.Held || m.holds()
		done.Contested = done.Contested || m.SameEmail
		switch {
		case !m.SameUsername:
		case m.SameEmail && m.pending():
			named = m.ID
		default:
			usernameTaken = true
		}
	}
	switch {
	case done.Again:
		return done, "", nil
	case done.Held && !r.Concealed:
		return user.Persisted{}, "", user.ErrEmailTaken
	case usernameTaken:
		return user.Persisted{}, "", user.ErrUsernameTaken
	}
	return done, named, nil
}
