package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// consentByImport is the source of an imported consent, unless the file says another one.
const consentByImport = "import"

// MaxImport is the maximum number of users in one call of Import. With at most 16 KiB of attributes each, they stay far below
// the size of a transaction on a Galera cluster (2 GiB), but not below that of a statement (16 MiB by default): the caller
// also bounds the size.
const MaxImport = 1000

// ImportOptions tune an Importer.
type ImportOptions struct {
	DryRun   bool // only read; the importer then remembers some bytes of each user
	Announce bool // record the events of users who register and become active
}

// Importer stores users of another system. It is not safe for concurrent use.
type Importer struct {
	store   *Store
	options ImportOptions
	earlier *earlier // in a dry run: of all calls
}

// NewImporter returns an Importer.
func (s *Store) NewImporter(o ImportOptions) *Importer {
	return &Importer{store: s, options: o, earlier: newEarlier()}
}

// Import stores users in one transaction, MaxImport at most, and returns what became of each. It changes no other user. A user
// who is stored already with equal values is present. A user is refused if another user has the id, the registration id or
// the username, or if another active or blocked user has the email. Users with a registration id, who come from an export,
// may have the same unproven email, as in the exported table.
func (i *Importer) Import(ctx context.Context, users []user.Transfer) ([]user.Imported, error) {
	done := make([]user.Imported, len(users))
	importAll := func(db *gorm.DB) error { return i.importAll(db, users, done) }
	err := i.store.do(ctx, "import users", func(db *gorm.DB) error {
		if i.options.DryRun {
			return importAll(db)
		}
		return whileLocked(db, importAll)
	})
	return done, err
}

// importAll decides about all users from what is stored, and inserts the new ones. If the database refuses one of them, for
// example because a registration has taken a username in between, it imports each half on its own.
func (i *Importer) importAll(db *gorm.DB, users []user.Transfer, done []user.Imported) error {
	known, err := readKnown(db, users)
	if err != nil {
		return err
	}
	if !i.options.DryRun {
		i.earlier = newEarlier()
	}
	var fresh []recordRow
	for n, t := range users {
		if done[n] = decideImport(t, known, i.earlier); done[n].Outcome == user.ImportStored {
			fresh = append(fresh, rowOf(t, db.NowFunc()))
		}
	}
	if i.options.DryRun || len(fresh) == 0 {
		return nil
	}
	err = db.Transaction(func(tx *gorm.DB) error { return i.insertAll(tx, fresh) })
	switch half := len(users) / 2; {
	case !isFaultOfRow(err):
		return err
	case half == 0:
		done[0] = refusedByDatabase(err)
		return nil
	default:
		if err := i.importAll(db, users[:half], done[:half]); err != nil {
			return err
		}
		return i.importAll(db, users[half:], done[half:])
	}
}

func (i *Importer) insertAll(tx *gorm.DB, fresh []recordRow) error {
	users, profiles := make([]userRow, len(fresh)), make([]profileRow, len(fresh))
	var changes []occurrence
	for n, r := range fresh {
		users[n], profiles[n] = r.User, r.Profile
		changes = append(changes, occurrence{UserID: r.User.ID, Type: event.UserRegistered, Imported: true},
			occurrence{UserID: r.User.ID, Type: event.UserActivated, Imported: true})
	}
	if err := tx.Create(&users).Error; err != nil {
		return err
	}
	if err := tx.Create(&profiles).Error; err != nil || !i.options.Announce {
		return err
	}
	_, err := i.store.announce(tx, changes...)
	return err
}

// rowOf returns the rows of an imported user, with a value for everything that the file does not say.
func rowOf(t user.Transfer, now time.Time) recordRow {
	created := cmpTime(t.CreatedAt, now)
	u := userRow{
		ID:              cmp.Or(t.ID, uuid.Must(uuid.NewV7()).String()),
		RegistrationID:  cmp.Or(t.RegistrationID, uuid.NewString()),
		Username:        optional(t.Username),
		Email:           optional(t.Email),
		EmailCanonical:  optional(t.EmailCanonical),
		PasswordHash:    t.PasswordHash,
		MobileE164:      optional(t.Mobile),
		Status:          t.Status,
		RequestedAt:     cmpTime(t.RequestedAt, created),
		VerifiedAt:      storedTimeOrNull(cmpTime(t.VerifiedAt, created)),
		EmailReleasedAt: storedTimeOrNull(t.EmailReleasedAt),
		EmailReleasedBy: optional(t.EmailReleasedBy),
		BlockedAt:       storedTimeOrNull(t.BlockedAt),
		CreatedAt:       created,
		UpdatedAt:       cmpTime(t.UpdatedAt, now),
	}
	if t.EmailVerified {
		u.EmailVerifiedAt = storedTimeOrNull(cmpTime(t.EmailVerifiedAt, *u.VerifiedAt))
	}
	if t.MobileVerified {
		u.MobileVerifiedAt = storedTimeOrNull(cmpTime(t.MobileVerifiedAt, *u.VerifiedAt))
	}
	if t.Status == user.StatusBlocked && u.BlockedAt == nil {
		u.BlockedAt = &now
	}
	return recordRow{u, profileRow{
		UserID:           u.ID,
		FirstName:        t.FirstName,
		LastName:         t.LastName,
		Locale:           t.Locale,
		MarketingConsent: t.MarketingConsent,
		ConsentAt:        storedTimeOrNull(t.ConsentAt),
		ConsentSource:    cmp.Or(t.ConsentSource, consentByImport),
		TermsVersion:     t.TermsVersion,
		TermsAcceptedAt:  storedTimeOrNull(t.TermsAcceptedAt),
		Attributes:       optional(t.Attributes),
	}}
}

// cmpTime returns t, or else if t is zero.
func cmpTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		t = otherwise
	}
	return storedTime(t)
}

// isFaultOfRow reports whether the database refused the values of a row: a unique key, or a value that does not fit.
func isFaultOfRow(err error) bool {
	e := serverError(err)
	return isDuplicate(err) || e != nil && strings.HasPrefix(e.State, mysqlDataException)
}

func refusedByDatabase(err error) user.Imported {
	message := "the database refuses it (" + serverError(err).Error() + ")"
	return user.Imported{Outcome: user.ImportRefused, Problems: []user.FieldError{{Field: "row", Code: user.CodeInvalid, Message: message}}}
}

// Export returns the next page of all users: at most limit, with an id above after, in the order of their ids.
func (s *Store) Export(ctx context.Context, after string, limit int) ([]user.Transfer, error) {
	var page []user.Transfer
	err := s.do(ctx, "export users", func(db *gorm.DB) (err error) {
		page, err = readTransfers(db.Where("users.id > ?", after).Order("users.id").Limit(limit))
		return err
	})
	return page, err
}

// readTransfers reads the users that a condition selects, with everything that is stored of them.
func readTransfers(db *gorm.DB) ([]user.Transfer, error) {
	var found []recordRow
	err := db.Model(&userRow{}).Joins("JOIN profiles ON profiles.user_id = users.id").
		Select(recordColumns + ", email_canonical, password_hash, email_released_by").Find(&found).Error
	all := make([]user.Transfer, len(found))
	for i, r := range found {
		all[i] = r.transfer()
	}
	return all, err
}

func (r recordRow) transfer() user.Transfer {
	u := r.User
	return user.Transfer{
		Record: r.record(), EmailCanonical: textOf(u.EmailCanonical), PasswordHash: u.PasswordHash,
		EmailVerified: u.EmailVerifiedAt != nil, MobileVerified: u.MobileVerifiedAt != nil, EmailReleasedBy: textOf(u.EmailReleasedBy),
	}
}
