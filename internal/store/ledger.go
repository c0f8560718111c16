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
	Status            string
	ErrorCode         *string
	CreatedAt         time.Time
	SentAt            time.Time
	DeliveredAt       *time.Time
}

func (notificationRow) TableName() string { return "notifications" }

// statusSent is the status of a message that a provider has taken and said no more about.
const statusSent = "sent"

// Sent tells whether the ledger has the message, that is whether a provider has taken it.
func (s *Store) Sent(ctx context.Context, k message.Key) (bool, error) {
	var n int64
	err := s.do(ctx, "look up message", func(db *gorm.DB) error {
		return db.Model(&notificationRow{}).
			Where("registration_id = ? AND kind = ? AND sequence = ?", k.RegistrationID, k.Kind, k.Sequence).
			Count(&n).Error
	})
	return n > 0, err
}

// LastSequence is the highest sequence of a kind that the ledger has for the registration, 0 when none.
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

// Messages are the ledger's entries of the registration, oldest first; none when a provider has taken nothing.
func (s *Store) Messages(ctx context.Context, registrationID string) ([]message.Entry, error) {
	var rows []notificationRow
	err := s.do(ctx, "list messages", func(db *gorm.DB) error {
		return ofRegistration(db, registrationID).Order("sent_at, kind, sequence").Find(&rows).Error
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
	}
}

// Record writes a message that a provider has taken to the ledger. When the ledger has its key already, the first entry
// stays and Record succeeds. Rows outlive an expired user.
func (s *Store) Record(ctx context.Context, e message.Entry) error {
	row := notificationRow{
		RegistrationID:    e.RegistrationID,
		UserID:            e.UserID,
		Kind:              e.Kind,
		Channel:           e.Channel,
		Sequence:          e.Sequence,
		Provider:          e.Receipt.Provider,
		ProviderMessageID: e.Receipt.MessageID,
		Status:            statusSent,
		SentAt:            stamp(e.SentAt),
	}
	return s.do(ctx, "record message", func(db *gorm.DB) error {
		err := db.Create(&row).Error
		if isDuplicate(err) {
			return nil
		}
		return err
	})
}
