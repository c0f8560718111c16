package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/retention"
)

// maxDeleted is about the number of rows that one statement deletes. It is small because a Galera cluster accepts or refuses
// a transaction as a whole.
const maxDeleted = 1000

// expiring has the table and the time of the rows of each rule that deletes by age only.
var expiring = map[retention.Rule]struct{ table, time string }{
	retention.ReportTokens: {"report_tokens", "received_at"},
	retention.Reports:      {"delivery_reports", "received_at"},
	retention.Ledger:       {"notifications", "sent_at"},
	retention.Attempts:     {"delivery_attempts", "at"},
	retention.GateAnswers:  {"gate_answers", "asked_at"},
	retention.Audit:        {"audit", "at"},
}

// DeleteExpired deletes a page of old rows. It is idempotent.
func (s *Store) DeleteExpired(ctx context.Context, p retention.Page) (done retention.Done, err error) {
	err = s.do(ctx, "delete expired rows", func(db *gorm.DB) error {
		switch p.Rule {
		case retention.LedgerWithoutUser:
			done, err = deleteWithoutUser(db, "notifications", "sent_at", p)
		case retention.AttemptsWithoutUser:
			done, err = deleteWithoutUser(db, "delivery_attempts", "at", p)
		case retention.Events:
			done, err = deleteEvents(db, p)
		default:
			done, err = deleteOldest(db, p)
		}
		return err
	})
	return done, err
}

// deleteOldest deletes about maxDeleted of the oldest rows. It deletes all rows up to the time of the last of them, because
// SQLite as built here has no DELETE … LIMIT.
func deleteOldest(db *gorm.DB, p retention.Page) (retention.Done, error) {
	e, known := expiring[p.Rule]
	if !known {
		return retention.Done{}, fmt.Errorf("unknown rule %q", p.Rule)
	}
	before := storedTime(p.Before)
	var last []time.Time
	err := db.Table(e.table).Where(e.time+" < ?", before).Order(e.time).Offset(maxDeleted-1).Limit(1).Pluck(e.time, &last).Error
	if err != nil {
		return retention.Done{}, err
	}
	old := db.Table(e.table).Where(e.time+" < ?", before)
	if len(last) > 0 {
		old = old.Where(e.time+" <= ?", last[0])
	}
	deleted := old.Delete(nil)
	return retention.Done{Deleted: int(deleted.RowsAffected), More: len(last) > 0}, deleted.Error
}

// deleteWithoutUser looks at the next registrations of a table, and deletes the rows of those that have no user and whose last
// row is old.
func deleteWithoutUser(db *gorm.DB, table, column string, p retention.Page) (retention.Done, error) {
	var page []struct {
		RegistrationID string
		Old            bool
	}
	err := db.Table(table).Select("registration_id, MAX("+column+") < ? AS old", storedTime(p.Before)).
		Where("registration_id > ?", p.After).Group("registration_id").Order("registration_id").Limit(maxDeleted).Scan(&page).Error
	if err != nil || len(page) == 0 {
		return retention.Done{}, err
	}
	var old []string
	for _, r := range page {
		if r.Old {
			old = append(old, r.RegistrationID)
		}
	}
	done := retention.Done{After: page[len(page)-1].RegistrationID, More: len(page) == maxDeleted}
	for rest := old; len(rest) > 0; {
		n := min(len(rest), maxRegistrations)
		deleted, err := deleteRows(db, table, rest[:n])
		if err != nil {
			return retention.Done{}, err
		}
		done.Deleted, rest = done.Deleted+deleted, rest[n:]
	}
	return done, nil
}

// maxRegistrations is the number of registrations whose rows one statement deletes. Few have more than ten rows.
const maxRegistrations = 100

// deleteRows deletes the rows of those registrations that have no user.
func deleteRows(db *gorm.DB, table string, registrations []string) (int, error) {
	users := db.Model(&userRow{}).Select("1").Where("users.registration_id = " + table + ".registration_id")
	deleted := db.Table(table).Where("registration_id IN ? AND NOT EXISTS (?)", registrations, users).Delete(nil)
	return int(deleted.RowsAffected), deleted.Error
}

// maxEvents is the number of events in a page. Each can have several deliveries, which are deleted with it.
const maxEvents = 250

// deleteEvents deletes the next old events, except those that an endpoint lacks and may still get.
func deleteEvents(db *gorm.DB, p retention.Page) (retention.Done, error) {
	var page []eventRow
	err := db.Select("id, type, occurred_at").Where("occurred_at < ? AND id > ?", storedTime(p.Before), p.After).
		Order("id").Limit(maxEvents).Find(&page).Error
	if err != nil || len(page) == 0 {
		return retention.Done{}, err
	}
	has, err := deliveredTo(db, page)
	if err != nil {
		return retention.Done{}, err
	}
	var old []string
	for _, e := range page {
		lacks := func(endpoint event.Endpoint) bool {
			return endpoint.Wants(e.Type) && !has[deliveryKey{e.ID, endpoint.Name}]
		}
		if e.OccurredAt.Before(p.BeforeAnyway) || !slices.ContainsFunc(p.Endpoints, lacks) {
			old = append(old, e.ID)
		}
	}
	deleted := db.Where("id IN ?", old).Delete(&eventRow{})
	done := retention.Done{Deleted: int(deleted.RowsAffected), After: page[len(page)-1].ID, More: len(page) == maxEvents}
	return done, deleted.Error
}

type deliveryKey struct{ eventID, endpoint string }

// deliveredTo returns which endpoints have the events, or do not want them any more.
func deliveredTo(db *gorm.DB, events []eventRow) (map[deliveryKey]bool, error) {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	var rows []deliveryRow
	if err := db.Where("event_id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	has := map[deliveryKey]bool{}
	for _, r := range rows {
		has[deliveryKey{r.EventID, r.Endpoint}] = true
	}
	return has, nil
}
