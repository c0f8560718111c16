package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

type notificationRow struct {
	RegistrationID    string
	UserID            string
	Kind              message.Kind
	Channel           message.Channel
	Sequence          int
	Provider          string
	ProviderMessageID string
	Status            message.Status
	ErrorCode         *string
	CreatedAt         time.Time
	SentAt            time.Time
	DeliveredAt       *time.Time
	ReportedAt        *time.Time // when the provider reported Status
}

func (notificationRow) TableName() string { return "notifications" }

// Sent reports whether the ledger has the message: a provider accepted it and has not reported it undelivered.
func (s *Store) Sent(ctx context.Context, k message.Key) (bool, error) {
	var n int64
	err := s.do(ctx, "look up message", func(db *gorm.DB) error {
		return db.Model(&notificationRow{}).
			Where("registration_id = ? AND kind = ? AND sequence = ?", k.RegistrationID, k.Kind, k.Sequence).
			Where("status <> ?", message.StatusUndelivered).
			Count(&n).Error
	})
	return n > 0, err
}

// LastSequence returns the highest sequence of a kind in the ledger for the registration, or 0 if there is none.
func (s *Store) LastSequence(ctx context.Context, registrationID string, kind message.Kind) (int, error) {
	var last int
	err := s.do(ctx, "look up last message", func(db *gorm.DB) error {
		return db.Model(&notificationRow{}).
			Select("COALESCE(MAX(sequence), 0)").
			Where("registration_id = ? AND kind = ?", registrationID, kind).
			Scan(&last).Error
	})
	return last, err
}

// Messages returns the registration's ledger entries, oldest first.
func (s *Store) Messages(ctx context.Context, registrationID string) ([]message.Entry, error) {
	var rows []notificationRow
	err := s.do(ctx, "list messages", func(db *gorm.DB) error {
		return whereRegistration(db, registrationID).Order("sent_at, kind, sequence").Find(&rows).Error
	})
	var entries []message.Entry
	for _, r := range rows {
		entries = append(entries, r.entry())
	}
	return entries, err
}

func (r notificationRow) entry() message.Entry {
	return message.Entry{
		Key:     message.Key{RegistrationID: r.RegistrationID, Kind: r.Kind, Sequence: r.Sequence},
		UserID:  r.UserID,
		Channel: r.Channel,
		Receipt: message.Receipt{Provider: r.Provider, MessageID: r.ProviderMessageID},
		SentAt:  r.SentAt.UTC(),
		Outcome: r.outcome(),
	}
}

func (r notificationRow) outcome() message.Outcome {
	if r.Status == message.StatusSent {
		return message.Outcome{}
	}
	o := message.Outcome{Status: r.Status, At: utcOrZero(r.ReportedAt), DeliveredAt: utcOrZero(r.DeliveredAt)}
	if r.ErrorCode != nil {
		o.Code = *r.ErrorCode
	}
	return o
}

// Record writes an accepted message to the ledger and applies the delivery reports that have already arrived. If the
// ledger already has an entry with the key, that entry stays. It is replaced only if its message was reported undelivered
// and e is a different message. Rows are kept when the user expires.
//
// It returns message.ErrUndelivered if the entry was written but its message was already reported undelivered.
func (s *Store) Record(ctx context.Context, e message.Entry) error {
	row := notificationRow{
		RegistrationID:    e.RegistrationID,
		UserID:            e.UserID,
		Kind:              e.Kind,
		Channel:           e.Channel,
		Sequence:          e.Sequence,
		Provider:          e.Receipt.Provider,
		ProviderMessageID: e.Receipt.MessageID,
		Status:            message.StatusSent,
		SentAt:            storedTime(e.SentAt),
	}
	row.ProviderMessageID = truncate(row.ProviderMessageID, messageIDLimit)
	return s.do(ctx, "record message", func(db *gorm.DB) error {
		err := db.Create(&row).Error
		if isDuplicate(err) {
			err = replaceUndelivered(db, row)
		}
		if err != nil {
			return err
		}
		entry, found, err := applyReports(db, message.Receipt{Provider: row.Provider, MessageID: row.ProviderMessageID})
		if err == nil && found && entry.Key == e.Key && entry.Outcome.Status == message.StatusUndelivered {
			return message.ErrUndelivered
		}
		return err
	})
}

// replaceUndelivered overwrites an undelivered message with row if row is a different message.
func replaceUndelivered(db *gorm.DB, row notificationRow) error {
	return db.Model(&notificationRow{}).
		Where("registration_id = ? AND kind = ? AND sequence = ?", row.RegistrationID, row.Kind, row.Sequence).
		Where("status = ?", message.StatusUndelivered).
		Where("NOT (provider = ? AND provider_message_id = ?)", row.Provider, row.ProviderMessageID).
		Updates(map[string]any{
			"channel": row.Channel, "provider": row.Provider, "provider_message_id": row.ProviderMessageID,
			"status": row.Status, "error_code": nil, "sent_at": row.SentAt, "delivered_at": nil, "reported_at": nil,
		}).Error
}
