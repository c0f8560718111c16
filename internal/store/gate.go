package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"registrar/internal/gate"
)

type gateRow struct {
	RegistrationID string `gorm:"primaryKey"`
	Fingerprint    string
	Answer         *string // JSON
	AskedAt        time.Time
	AnsweredAt     *time.Time
}

func (gateRow) TableName() string { return "gate_answers" }

// ClaimGate stores that the gate is being asked, and returns the record in the store. claimed reports whether the caller must
// ask the gate: at most one of several parallel calls gets true. A record without an answer that was asked before staleBefore
// is replaced, because the call that claimed it must have ended without a result.
func (s *Store) ClaimGate(ctx context.Context, r gate.Record, staleBefore time.Time) (stored gate.Record, claimed bool, err error) {
	row := gateRow{RegistrationID: r.RegistrationID, Fingerprint: r.Fingerprint, AskedAt: storedTime(r.AskedAt)}
	own := gate.Record{RegistrationID: r.RegistrationID, Fingerprint: r.Fingerprint, AskedAt: row.AskedAt}
	err = s.do(ctx, "claim the gate", func(db *gorm.DB) error {
		stored = own
		err := db.Create(&row).Error
		if !isDuplicate(err) {
			claimed = err == nil
			return err
		}
		replaced := db.Model(&gateRow{}).
			Where("registration_id = ? AND answer IS NULL AND asked_at < ?", r.RegistrationID, storedTime(staleBefore)).
			Updates(map[string]any{"fingerprint": row.Fingerprint, "asked_at": row.AskedAt})
		if claimed = replaced.RowsAffected > 0; claimed || replaced.Error != nil {
			return replaced.Error
		}
		stored, err = gateRecord(db, own)
		return err
	})
	return stored, claimed, err
}

// gateRecord reads the record of a registration. It returns absent if there is none.
func gateRecord(db *gorm.DB, absent gate.Record) (gate.Record, error) {
	var row gateRow
	err := db.Where("registration_id = ?", absent.RegistrationID).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return absent, nil
	}
	if err != nil {
		return absent, err
	}
	return row.record()
}

func (r gateRow) record() (gate.Record, error) {
	record := gate.Record{RegistrationID: r.RegistrationID, Fingerprint: r.Fingerprint, AskedAt: r.AskedAt.UTC()}
	if r.Answer == nil {
		return record, nil
	}
	record.Answer = new(gate.Answer)
	if err := json.Unmarshal([]byte(*r.Answer), record.Answer); err != nil {
		return record, errors.New("the stored answer of the gate is not JSON")
	}
	if r.AnsweredAt != nil {
		record.AnsweredAt = r.AnsweredAt.UTC()
	}
	return record, nil
}

// RecordGate stores the answer to a claimed question, unless there is one already. It returns the answer in the store, or r's
// own if the record is no longer there.
func (s *Store) RecordGate(ctx context.Context, r gate.Record) (gate.Answer, error) {
	answer, err := json.Marshal(r.Answer)
	if err != nil {
		return gate.Answer{}, fmt.Errorf("encode the gate's answer: %w", err)
	}
	stored := r
	err = s.do(ctx, "record the gate's answer", func(db *gorm.DB) error {
		recorded := db.Model(&gateRow{}).
			Where("registration_id = ? AND fingerprint = ? AND answer IS NULL", r.RegistrationID, r.Fingerprint).
			Updates(map[string]any{"answer": string(answer), "answered_at": storedTime(r.AnsweredAt)})
		if recorded.Error != nil || recorded.RowsAffected > 0 {
			return recorded.Error
		}
		found, err := gateRecord(db, r)
		if err == nil && found.Answer != nil && found.Fingerprint == r.Fingerprint {
			stored = found
		}
		return err
	})
	return *stored.Answer, err
}

// ReleaseGate deletes a claim that has led to no answer, so that the next request asks the gate.
func (s *Store) ReleaseGate(ctx context.Context, r gate.Record) error {
	return s.do(ctx, "release the gate", func(db *gorm.DB) error {
		return db.Where("registration_id = ? AND asked_at = ? AND answer IS NULL", r.RegistrationID, storedTime(r.AskedAt)).
			Delete(&gateRow{}).Error
	})
}

// GateAnswer returns the record of a registration. The bool is false if there is none.
func (s *Store) GateAnswer(ctx context.Context, registrationID string) (record gate.Record, found bool, err error) {
	var rows []gateRow
	err = s.do(ctx, "look up the gate's answer", func(db *gorm.DB) error {
		rows = nil
		return whereRegistration(db, registrationID).Find(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return gate.Record{}, false, err
	}
	record, err = rows[0].record()
	return record, true, err
}
