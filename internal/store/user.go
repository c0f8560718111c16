package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/user"
)

type userRow struct {
	ID              string `gorm:"primaryKey"`
	RegistrationID  string
	Username        *string
	Email           string
	EmailCanonical  string
	PasswordHash    string
	MobileE164      *string `gorm:"column:mobile_e164"`
	Status          user.Status
	RequestedAt     time.Time
	VerifiedAt      *time.Time
	EmailVerifiedAt *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

func (userRow) TableName() string { return "users" }

type profileRow struct {
	UserID           string `gorm:"primaryKey"`
	FirstName        string
	LastName         string
	Locale           string
	MarketingConsent bool
	ConsentAt        *time.Time // when the person asked to register, if they consented
	ConsentSource    string     // who changed the consent last
}

func (profileRow) TableName() string { return "profiles" }

// consentByForm is the source of what the person said when registering.
const consentByForm = "registration"

// rowsOf is the pending user that r asks for, with a new id. UUIDv7 keeps the primary key in insertion order.
func rowsOf(r user.Registration, now time.Time) (userRow, profileRow) {
	u := userRow{
		ID:             uuid.Must(uuid.NewV7()).String(),
		RegistrationID: r.ID,
		Username:       optional(r.Profile.Username),
		Email:          r.Profile.Email,
		EmailCanonical: r.Profile.EmailCanonical,
		PasswordHash:   r.PasswordHash,
		MobileE164:     optional(r.Profile.Mobile),
		Status:         user.StatusPending,
		RequestedAt:    stamp(r.RequestedAt),
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	p := profileRow{
		FirstName:        r.Profile.FirstName,
		LastName:         r.Profile.LastName,
		Locale:           r.Profile.Locale,
		MarketingConsent: r.Profile.MarketingConsent,
		ConsentSource:    consentByForm,
	}
	if p.MarketingConsent {
		p.ConsentAt = &u.RequestedAt
	}
	return u, p
}

// persistLimit bounds the races that one call may lose before it gives up. Each lost race is one that another
// registration won, so a call meets the limit only when that many others with its email or username run beside it.
const persistLimit = 50

var (
	errContended = errors.New("the row kept changing hands")
	errLostRace  = errors.New("the row changed hands")
)

// Persist makes the pending user of a registration, or finds the one it made before: same registration, same user, and
// Again.
//
// It returns user.ErrEmailTaken when an active user has the email, else user.ErrSuperseded when a later registration
// with the email is waiting for its code, else user.ErrUsernameTaken. An earlier such registration loses its user to
// this one, id and all, and is named in Superseded by the call that took the user over; repeats do not name it again.
// Later means the larger RequestedAt in microseconds, then the larger registration id.
func (s *Store) Persist(ctx context.Context, r user.Registration) (user.Persisted, error) {
	var done user.Persisted
	err := s.do(ctx, "persist user", func(db *gorm.DB) (err error) {
		done, err = persist(db, r)
		return err
	})
	return done, err
}

// persist writes first and asks who was there only when a unique key refuses. It takes no locking reads: on a Galera
// cluster they lock one node and end in deadlocks.
func persist(db *gorm.DB, r user.Registration) (user.Persisted, error) {
	u, p := rowsOf(r, db.NowFunc())
	var rival owner // the unverified user to take over; none at first
	for range persistLimit {
		id, err := write(db, u, p, rival)
		if err == nil {
			return user.Persisted{UserID: id, Status: u.Status, Superseded: rival.RegistrationID}, nil
		}
		if !isDuplicate(err) && !errors.Is(err, errLostRace) {
			return user.Persisted{}, err
		}
		owners, err := ownersOf(db, u)
		if err != nil {
			return user.Persisted{}, err
		}
		var done user.Persisted
		done, rival, err = decide(u, owners)
		if err != nil || done.UserID != "" {
			return done, err
		}
	}
	return user.Persisted{}, errContended
}

// write inserts the user, or puts it in the place of rival if there is one, and returns its id.
func write(db *gorm.DB, u userRow, p profileRow, rival owner) (string, error) {
	u.ID = cmp.Or(rival.ID, u.ID)
	p.UserID = u.ID
	return u.ID, db.Transaction(func(tx *gorm.DB) error {
		if rival.ID == "" {
			return insert(tx, &u, &p)
		}
		return replace(tx, &u, &p, rival.RegistrationID)
	})
}

func insert(tx *gorm.DB, u *userRow, p *profileRow) error {
	if err := tx.Create(u).Error; err != nil {
		return err
	}
	return tx.Create(p).Error
}

// replace overwrites every column of the row with u's id, provided that the old registration still waits there.
func replace(tx *gorm.DB, u *userRow, p *profileRow, old string) error {
	users := pendingOf(tx, old).Select("*").Updates(u)
	if users.Error != nil {
		return users.Error
	}
	if users.RowsAffected == 0 {
		return errLostRace
	}
	return tx.Select("*").Updates(p).Error
}

// owner is a user that has the registration's id, email or username.
type owner struct {
	ID             string
	RegistrationID string
	Status         user.Status
	RequestedAt    time.Time
	MobileE164     *string `gorm:"column:mobile_e164"`
	SameEmail      bool
}

// ownersOf reads them in one statement, for one view of the table.
func ownersOf(db *gorm.DB, u userRow) ([]owner, error) {
	var owners []owner
	err := db.Model(&userRow{}).
		Select("id, registration_id, status, requested_at, mobile_e164, email_canonical = ? AS same_email", u.EmailCanonical).
		Where("registration_id = ? OR email_canonical = ? OR username = ?", u.RegistrationID, u.EmailCanonical, u.Username).
		Find(&owners).Error
	return owners, err
}

// decide tells what the owners mean for u: it is stored already, it breaks a rule, or it may take the place of rival.
// All three empty means that the owners have gone: insert again.
func decide(u userRow, owners []owner) (done user.Persisted, rival owner, err error) {
	usernameTaken := false
	for _, o := range owners {
		switch {
		case o.RegistrationID == u.RegistrationID:
			again := user.Persisted{UserID: o.ID, Status: o.Status, Again: true}
			if o.MobileE164 != nil {
				again.Mobile = *o.MobileE164
			}
			return again, owner{}, nil
		case o.SameEmail:
			rival = o
		default:
			usernameTaken = true
		}
	}
	switch {
	case rival.Status == user.StatusActive:
		err = user.ErrEmailTaken
	case rival.ID != "" && !u.laterThan(rival):
		err = user.ErrSuperseded
	case usernameTaken:
		err = user.ErrUsernameTaken
	}
	return user.Persisted{}, rival, err
}

func (u userRow) laterThan(o owner) bool {
	byTime := u.RequestedAt.Compare(o.RequestedAt)
	return byTime > 0 || byTime == 0 && u.RegistrationID > o.RegistrationID
}
