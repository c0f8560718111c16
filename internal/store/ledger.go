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
