package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

// attemptRow leaves the id to the database. It only breaks ties: on a Galera cluster ids do not grow with time.
type attemptRow struct {
	RegistrationID string
	Kind           message.Kind
	Sequence       int
	Channel        message.Channel
	Number         int
	Provider       string
	Failure        message.Failure
	Code           string
	At             time.Time
}

func (attemptRow) TableName() string { return "delivery_attempts" }

// codeLimit is the width of delivery_attempts.code, in characters.
const codeLimit = 255

// RecordAttempt adds a failed try. Each call adds one, so a call that is repeated after an error may add it twice. A
// code is cut after 255 characters and loses what is not UTF-8: nothing that a provider says makes this fail. Rows
// outlive an expired user.
func (s *Store) RecordAttempt(ctx context.Context, a message.Attempt) error {
	row := attemptRow{
		RegistrationID: a.RegistrationID,
		Kind:           a.Kind,
		Sequence:       a.Sequence,
		Channel:        a.Channel,
		Number:         a.Number,
		Provider:       a.Provider,
		Failure:        a.Failure,
		Code:           cut(a.Code, codeLimit),
		At:             stamp(a.At),
	}
	return s.do(ctx, "record attempt", func(db *gorm.DB) error { return db.Create(&row).Error })
}

// Attempts are the failed tries of the registration's messages, oldest first.
func (s *Store) Attempts(ctx context.Context, registrationID string) ([]message.Attempt, error) {
	var rows []attemptRow
	err := s.do(ctx, "list attempts", func(db *gorm.DB) error {
		return ofRegistration(db, registrationID).Order("at, id").Find(&rows).Error
	})
	var attempts []message.Attempt
	for _, r := range rows {
		attempts = append(attempts, r.attempt())
	}
	return attempts, err
}

func (r attemptRow) attempt() message.Attempt {
	return message.Attempt{
		Key:      message.Key{RegistrationID: r.RegistrationID, Kind: r.Kind, Sequence: r.Sequence},
		Channel:  r.Channel,
		Number:   r.Number,
		Provider: r.Provider,
		Failure:  r.Failure,
		Code:     r.Code,
		At:       r.At.UTC(),
	}
}
