package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/audit"
)

// auditRow is an entry of the audit trail. Entries outlive their users, so no foreign key binds them.
type auditRow struct {
	ID     string `gorm:"primaryKey"`
	At     time.Time
	Actor  string
	Action audit.Action
	UserID *string
	Detail *string // JSON
}

func (auditRow) TableName() string { return "audit" }

func auditRowOf(e audit.Entry) auditRow {
	row := auditRow{ID: e.ID, At: storedTime(e.At), Actor: truncate(e.Actor, audit.MaxActor), Action: e.Action, UserID: optional(e.UserID)}
	if row.ID == "" {
		row.ID = uuid.Must(uuid.NewV7()).String()
	}
	text, err := json.Marshal(e.Detail)
	if err != nil {
		panic(err) // cannot happen: the detail has only names and numbers
	}
	if string(text) != "{}" {
		row.Detail = optional(string(text))
	}
	return row
}

func (r auditRow) entry() audit.Entry {
	e := audit.Entry{ID: r.ID, At: r.At.UTC(), Actor: r.Actor, Action: r.Action, UserID: textOf(r.UserID)}
	_ = json.Unmarshal([]byte(textOf(r.Detail)), &e.Detail) // an entry without a readable detail still tells who and when
	return e
}

// RecordAudit adds an entry to the audit trail, unless it has one with the same id. An entry without an id gets one.
func (s *Store) RecordAudit(ctx context.Context, e audit.Entry) error {
	row := auditRowOf(e)
	return s.do(ctx, "record audit entry", func(db *gorm.DB) error { return insertIfAbsent(db, &row) })
}

// Audit returns the next page of the entries that a filter selects: at most limit entries behind after, newest first.
func (s *Store) Audit(ctx context.Context, f audit.Filter, after audit.Cursor, limit int) ([]audit.Entry, error) {
	var rows []auditRow
	err := s.do(ctx, "list audit entries", func(db *gorm.DB) error {
		rows = nil // of an attempt that failed
		return selectAudit(db, f, after).Order("at DESC, id DESC").Limit(limit).Find(&rows).Error
	})
	entries := make([]audit.Entry, len(rows))
	for i, r := range rows {
		entries[i] = r.entry()
	}
	return entries, err
}

func selectAudit(db *gorm.DB, f audit.Filter, after audit.Cursor) *gorm.DB {
	if f.Actor != "" {
		db = db.Where("actor = ?", f.Actor)
	}
	if f.UserID != "" {
		db = whereUUID(db, "user_id", f.UserID)
	}
	if !f.Since.IsZero() {
		db = db.Where("at >= ?", storedTime(f.Since))
	}
	if !f.Until.IsZero() {
		db = db.Where("at < ?", storedTime(f.Until))
	}
	if after != (audit.Cursor{}) {
		db = db.Where("(at < ? OR (at = ? AND id < ?))", storedTime(after.At), storedTime(after.At), after.ID)
	}
	return db
}
