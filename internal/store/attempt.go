package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

// attemptRow has no id field: the database assigns the id, which only breaks ties between equal times. On a Galera
// cluster ids do not grow with time.
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

// RecordAttempt adds a failed attempt. It is not idempotent: a retry after an error may add the attempt twice. A code is
// cut after 255 characters and invalid UTF-8 is replaced, so no provider response can make the call fail. Rows are kept
// when the user expires.
func (s *Store) RecordAttempt(ctx context.Context, a message.Attempt) error {
	row := attemptRow{
		RegistrationID: a.RegistrationID,
		Kind:           a.Kind,
		Sequence:       a.Sequence,
		Channel:        a.Channel,
		Number:         a.Number,
		Provider:       a.Provider,
		Failure:        a.Failure,
		Code:           truncate(a.Code, codeLimit),
		At:             storedTime(a.At),
	}
	return s.do(ctx, "record attempt", func(db *gorm.DB) error { return db.Create(&row).Error })
}

// Attempts returns the failed attempts to send the registration's messages, oldest first.
func (s *Store) Attempts(ctx context.Context, registrationID string) ([]message.Attempt, error) {
	var rows []attemptRow
	err := s.do(ctx, "list attempts", func(db *gorm.DB) error {
		return whereRegistration(db, registrationID).Order("at, id").Find(&rows).Error
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
