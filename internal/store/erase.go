package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/user"
)

// Subject finds a user, or a registration without a user, by the id of either. An erased user is found by its receipt.
func (s *Store) Subject(ctx context.Context, id string) (found user.Subject, ok bool, err error) {
	err = s.do(ctx, "look up what an erasure is about", func(db *gorm.DB) error {
		found, ok, err = subjectOf(db, id)
		return err
	})
	return found, ok, err
}

// traces are the tables that know the user and the registration of an id, besides users.
var traces = []any{&erasureRow{}, &notificationRow{}, &eventRow{}}

func subjectOf(db *gorm.DB, id string) (user.Subject, bool, error) {
	var users []userRow
	err := whereEither(db, "id", id).Select("id, registration_id, email_canonical, mobile_e164, email_verified_at").Find(&users).Error
	if err != nil {
		return user.Subject{}, false, err
	}
	if len(users) > 0 {
		u := users[0]
		return user.Subject{
			UserID: u.ID, RegistrationID: u.RegistrationID, Email: textOf(u.EmailCanonical), Mobile: textOf(u.MobileE164),
			HoldsEmail: u.EmailCanonical != nil && u.EmailVerifiedAt != nil,
		}, true, nil
	}
	for _, table := range traces {
		var ids []user.Subject
		err := whereEither(db.Model(table), "user_id", id).Select("user_id, registration_id").Limit(1).Find(&ids).Error
		if err != nil || len(ids) > 0 {
			return append(ids, user.Subject{})[0], len(ids) > 0, err
		}
	}
	return user.Subject{}, false, nil
}

// whereEither selects the rows of a user's or a registration's id. column has the id of the user.
func whereEither(db *gorm.DB, column, id string) *gorm.DB {
	if uuid.Validate(id) != nil {
		return db.Where("1 = 0")
	}
	return db.Where("("+column+" = ? OR registration_id = ?)", id, id)
}

// WithoutUser returns those registrations that have no user.
func (s *Store) WithoutUser(ctx context.Context, registrationIDs []string) ([]string, error) {
	var with []string
	err := s.do(ctx, "look up users of registrations", func(db *gorm.DB) error {
		return db.Model(&userRow{}).Where("registration_id IN ?", registrationIDs).Pluck("registration_id", &with).Error
	})
	has := func(id string) bool { return slices.Contains(with, id) }
	return slices.DeleteFunc(slices.Clone(registrationIDs), has), err
}

// Erase deletes everything about a user in one transaction: the user with its profile, its messages with their attempts and
// reports, the gate's answers, and the suppressions of its address unless another user has the address. It reduces the user's
// events to ids. It adds the receipt, an entry of the audit trail, and the event. It returns the last events of the registration and of
// those that its changes caused in other registrations. A repeated call deletes what was written since.
func (s *Store) Erase(ctx context.Context, e user.Erasure) (out user.ChangeResult, err error) {
	err = s.do(ctx, "erase user", func(db *gorm.DB) error {
		for range raceLimit {
			out, err = s.erase(db, e)
			if !isDuplicate(err) {
				return err
			}
		}
		return errContended
	})
	return out, err
}

func (s *Store) erase(db *gorm.DB, e user.Erasure) (user.ChangeResult, error) {
	out := user.ChangeResult{Outcome: user.ChangeDone}
	err := db.Transaction(func(tx *gorm.DB) (err error) {
		if err = s.announceErased(tx, e); err != nil {
			return err
		}
		// The workflows that delivered the earlier events of the registration and of its changes are stopped.
		if out.Announced, err = s.announced(tx, e.RegistrationID); err != nil {
			return err
		}
		counts, err := deleteTraces(tx, e)
		if err != nil {
			return err
		}
		if err := insertIfAbsent(tx, auditOf(e)); err != nil {
			return err
		}
		return saveReceipt(tx, e, counts)
	})
	return out, err
}

// announceErased announces the end of a user, once. A registration without a user, of which nobody has heard, is not announced.
func (s *Store) announceErased(tx *gorm.DB, e user.Erasure) error {
	announced, err := s.announce(tx, occurrence{UserID: e.UserID, Type: event.UserErased})
	if err != nil || len(announced) > 0 || !s.events.Records(event.UserErased) {
		return err
	}
	last, err := s.lastEvent(tx, e.RegistrationID)
	if err != nil || last.ID == "" || last.Type == event.UserErased {
		return err
	}
	return tx.Create(&eventRow{
		ID: uuid.Must(uuid.NewV7()).String(), RegistrationID: last.RegistrationID, UserID: last.UserID, Sequence: last.Sequence + 1,
		Type: event.UserErased, OccurredAt: tx.NowFunc(),
	}).Error
}

func auditOf(e user.Erasure) *auditRow {
	row := auditRowOf(audit.Entry{ID: e.ID, At: e.At, Actor: e.Actor, Action: audit.UserErased, UserID: e.UserID})
	return &row
}

// deleteTraces deletes the rows of an erasure, and returns their numbers by table.
func deleteTraces(tx *gorm.DB, e user.Erasure) (counts map[string]int, err error) {
	counts = map[string]int{}
	remove := func(table string, rows *gorm.DB) {
		if err != nil {
			return
		}
		deleted := rows.Table(table).Delete(nil)
		err = deleted.Error
		if deleted.RowsAffected > 0 {
			counts[table] += int(deleted.RowsAffected)
		}
	}
	registrations := append([]string{e.RegistrationID}, e.Registrations...)
	addresses, err := soleAddresses(tx, e.UserID)
	if err != nil {
		return nil, err
	}
	receipts, err := receiptsOf(tx, registrations)
	if err != nil {
		return nil, err
	}
	remove("suppressions", tx.Where("address IN ?", addresses))
	remove("profiles", tx.Where("user_id = ?", e.UserID))
	remove("users", tx.Where("id = ?", e.UserID))
	for _, r := range receipts {
		remove("delivery_reports", tx.Where("provider = ? AND message_id = ?", r.Provider, r.ProviderMessageID))
	}
	for _, table := range []string{"delivery_attempts", "notifications", "gate_answers"} {
		remove(table, tx.Where("registration_id IN ?", registrations))
	}
	if err != nil {
		return nil, err
	}
	reduced := tx.Model(&eventRow{}).Where("registration_id IN ? AND body IS NOT NULL", registrations).Update("body", nil)
	if reduced.RowsAffected > 0 {
		counts["events"] = int(reduced.RowsAffected)
	}
	return counts, reduced.Error
}

// soleAddresses returns the address of a user, unless another user has it too.
func soleAddresses(tx *gorm.DB, userID string) (addresses []string, err error) {
	others := tx.Table("users AS other").Select("1").Where("other.email_canonical = users.email_canonical AND other.id <> users.id")
	err = tx.Model(&userRow{}).Where("id = ? AND email_canonical IS NOT NULL AND NOT EXISTS (?)", userID, others).
		Pluck("email_canonical", &addresses).Error
	return addresses, err
}

// receiptsOf returns the providers and ids of the messages of registrations.
func receiptsOf(tx *gorm.DB, registrations []string) (sent []notificationRow, err error) {
	err = tx.Model(&notificationRow{}).Select("provider, provider_message_id").
		Where("registration_id IN ? AND provider_message_id <> ''", registrations).Find(&sent).Error
	return sent, err
}

// erasureRow is the receipt of an erasure.
type erasureRow struct {
	ID             string `gorm:"primaryKey"`
	UserID         string
	RegistrationID string
	Actor          string
	RequestedAt    time.Time
	CompletedAt    *time.Time
	Counts         string // a JSON object: deleted rows by table
}

func (erasureRow) TableName() string { return "erasures" }

func (r erasureRow) receipt() (user.Receipt, error) {
	receipt := user.Receipt{
		ID: r.ID, UserID: r.UserID, RegistrationID: r.RegistrationID, Actor: r.Actor,
		RequestedAt: r.RequestedAt.UTC(), CompletedAt: utcOrZero(r.CompletedAt),
	}
	if err := json.Unmarshal([]byte(r.Counts), &receipt.Counts); err != nil {
		return user.Receipt{}, errors.New("the counts of the receipt are not valid JSON")
	}
	return receipt, nil
}

// saveReceipt stores the receipt of an erasure, or adds the counts to the one that the user has.
func saveReceipt(tx *gorm.DB, e user.Erasure, counts map[string]int) error {
	var found []erasureRow
	err := tx.Where("id = ?", e.ID).Or("user_id = ? AND user_id <> ''", e.UserID).Limit(1).Find(&found).Error
	if err != nil {
		return err
	}
	row := erasureRow{
		ID: e.ID, UserID: e.UserID, RegistrationID: e.RegistrationID, Actor: truncate(e.Actor, audit.MaxActor), RequestedAt: storedTime(e.At),
	}
	if len(found) > 0 {
		receipt, err := found[0].receipt()
		if err != nil {
			return err
		}
		for table, n := range receipt.Counts {
			counts[table] += n
		}
		row = found[0]
	}
	text, err := json.Marshal(counts)
	if err != nil {
		return fmt.Errorf("encode the counts: %w", err)
	}
	row.Counts = string(text)
	return tx.Save(&row).Error
}

// CompleteErasure sets the time of a receipt, once.
func (s *Store) CompleteErasure(ctx context.Context, id string, at time.Time) error {
	return s.do(ctx, "complete erasure", func(db *gorm.DB) error {
		return whereUUID(db, "id", id).Model(&erasureRow{}).Where("completed_at IS NULL").Update("completed_at", storedTime(at)).Error
	})
}

// Receipt returns the receipt of an erased user, by the id of the user or its registration. The bool is false if there is none, or
// if somebody has registered again under the same idempotency key, and so under the same registration id.
func (s *Store) Receipt(ctx context.Context, id string) (receipt user.Receipt, ok bool, err error) {
	var found []erasureRow
	err = s.do(ctx, "look up receipt", func(db *gorm.DB) error {
		found = nil
		return whereEither(db, "user_id", id).Where("NOT EXISTS (?)", whereEither(db.Model(&userRow{}), "id", id).Select("1")).
			Order("requested_at DESC").Limit(1).Find(&found).Error
	})
	if err != nil || len(found) == 0 {
		return receipt, false, err
	}
	receipt, err = found[0].receipt()
	return receipt, true, err
}
