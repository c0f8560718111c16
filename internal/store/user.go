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
	ConsentAt        *time.Time // time of the last change of the consent; NULL if the user never consented
	ConsentSource    string     // source of the last change of the consent
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
		Email:          r.Profile.Email,
		EmailCanonical: r.Profile.EmailCanonical,
		PasswordHash:   r.PasswordHash,
		MobileE164:     optional(r.Profile.Mobile),
		Status:         user.StatusPending,
		RequestedAt:    storedTime(r.RequestedAt),
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

// persistLimit is the number of races that one call may lose before it fails. Every lost race was won by another
// registration, so a call reaches the limit only when that many registrations compete for its email or username.
const persistLimit = 50

var (
	errContended = errors.New("concurrent registrations kept changing the row")
	errLostRace  = errors.New("a concurrent registration changed the row")
)

// Persist creates the pending user of a registration. If an earlier call created it, Persist returns the same user and
// sets Again.
//
// It returns user.ErrEmailTaken if an active user has the email, else user.ErrSuperseded if a later registration with
// the email waits for its code, else user.ErrUsernameTaken. If an earlier registration with the email waits for its
// code, this registration takes over its user and user id. Only the call that takes the user over returns the earlier
// registration in Superseded; retries leave it empty.
// Registrations are ordered by RequestedAt in microseconds, then by registration id.
func (s *Store) Persist(ctx context.Context, r user.Registration) (user.Persisted, error) {
	var done user.Persisted
	err := s.do(ctx, "persist user", func(db *gorm.DB) (err error) {
		done, err = persist(db, r)
		return err
	})
	return done, err
}

// persist writes first and reads the current owners only when a unique key refuses the row. It uses no locking reads:
// on a Galera cluster they lock only one node and end in deadlocks.
func persist(db *gorm.DB, r user.Registration) (user.Persisted, error) {
	u, p := rowsOf(r, db.NowFunc())
	var unverified owner // the unverified user to take over; empty at first
	for range persistLimit {
		id, err := write(db, u, p, unverified)
		if err == nil {
			return user.Persisted{UserID: id, Status: u.Status, Superseded: unverified.RegistrationID}, nil
		}
		if !isDuplicate(err) && !errors.Is(err, errLostRace) {
			return user.Persisted{}, err
		}
		owners, err := ownersOf(db, u)
		if err != nil {
			return user.Persisted{}, err
		}
		var done user.Persisted
		done, unverified, err = decideOwner(u, owners)
		if err != nil || done.UserID != "" {
			return done, err
		}
	}
	return user.Persisted{}, errContended
}

// write inserts the user, or overwrites unverified if it is set, and returns the user's id.
func write(db *gorm.DB, u userRow, p profileRow, unverified owner) (string, error) {
	u.ID = cmp.Or(unverified.ID, u.ID)
	p.UserID = u.ID
	err := db.Transaction(func(tx *gorm.DB) error {
		if unverified.ID == "" {
			return insert(tx, &u, &p)
		}
		return replace(tx, &u, &p, unverified.RegistrationID)
	})
	return u.ID, err
}

func insert(tx *gorm.DB, u *userRow, p *profileRow) error {
	if err := tx.Create(u).Error; err != nil {
		return err
	}
	return tx.Create(p).Error
}

// replace overwrites every column of the row with u's id if the row is still the pending user of registration old.
func replace(tx *gorm.DB, u *userRow, p *profileRow, old string) error {
	users := wherePending(tx, old).Select("*").Updates(u)
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

// ownersOf reads all owners in one statement, so that they come from one snapshot of the table.
func ownersOf(db *gorm.DB, u userRow) ([]owner, error) {
	var owners []owner
	err := db.Model(&userRow{}).
		Select("id, registration_id, status, requested_at, mobile_e164, email_canonical = ? AS same_email", u.EmailCanonical).
		Where("registration_id = ? OR email_canonical = ? OR username = ?", u.RegistrationID, u.EmailCanonical, u.Username).
		Find(&owners).Error
	return owners, err
}

// decideOwner compares u with the owners. It returns done if u is already stored, an error if u breaks a rule, or the unverified
// user whose row u may take over. If all three are empty, the owners no longer exist and u is to be inserted again.
func decideOwner(u userRow, owners []owner) (done user.Persisted, unverified owner, err error) {
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
			unverified = o
		default:
			usernameTaken = true
		}
	}
	switch {
	case unverified.Status == user.StatusActive:
		err = user.ErrEmailTaken
	case unverified.ID != "" && !u.laterThan(unverified):
		err = user.ErrSuperseded
	case usernameTaken:
		err = user.ErrUsernameTaken
	}
	return user.Persisted{}, unverified, err
}

func (u userRow) laterThan(o owner) bool {
	byTime := u.RequestedAt.Compare(o.RequestedAt)
	return byTime > 0 || byTime == 0 && u.RegistrationID > o.RegistrationID
}
