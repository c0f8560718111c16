package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// Announced returns the last events of a registration, its own and those that its changes caused in other registrations.
// It returns nothing if no events are recorded.
func (s *Store) Announced(ctx context.Context, registrationID string) (announced []user.Announced, err error) {
	err = s.do(ctx, "look up last events", func(db *gorm.DB) error {
		announced, err = s.announced(db, registrationID)
		return err
	})
	return announced, err
}

func (s *Store) announced(db *gorm.DB, registrationID string) ([]user.Announced, error) {
	if len(s.events.Types) == 0 {
		return nil, nil
	}
	var found []user.Announced
	err := db.Model(&eventRow{}).Select("registration_id, MAX(sequence) AS through").
		Where("registration_id = ? OR caused_by = ?", registrationID, registrationID).
		Group("registration_id").Order("MIN(id)").Find(&found).Error
	return found, err
}

// lastEvent returns the last event of a registration. It returns a zero eventRow if there is none or if no events are recorded.
func (s *Store) lastEvent(db *gorm.DB, registrationID string) (eventRow, error) {
	if len(s.events.Types) == 0 {
		return eventRow{}, nil
	}
	var last []eventRow
	err := whereRegistration(db, registrationID).Order("sequence DESC, id DESC").Limit(1).Find(&last).Error
	if err != nil || len(last) == 0 {
		return eventRow{}, err
	}
	return last[0], nil
}

// RecordEvent records an event of a registration without a change of its user, or of a registration without a user. If the
// registration's last event has the same type, it records nothing. It returns the sequence of the last event.
func (s *Store) RecordEvent(ctx context.Context, registrationID string, t event.Type, reason string) (through int, err error) {
	err = s.do(ctx, "record event", func(db *gorm.DB) error {
		for range raceLimit {
			through, err = s.recordEvent(db, registrationID, t, reason)
			if !errors.Is(err, errLostRace) && !isDuplicate(err) {
				return err
			}
		}
		return errContended
	})
	return through, err
}

// recordEvent reads the user before the last event: an event that is recorded in between makes the user's number of events wrong, which
// is a lost race.
func (s *Store) recordEvent(db *gorm.DB, registrationID string, t event.Type, reason string) (int, error) {
	var users []userRow
	if err := whereRegistration(db, registrationID).Select("id, events").Find(&users).Error; err != nil {
		return 0, err
	}
	last, err := s.lastEvent(db, registrationID)
	if err != nil || last.Type == t || !s.events.Records(t) {
		return last.Sequence, err
	}
	if len(users) == 0 { // the user was never stored, or is deleted
		row := eventRow{
			ID: uuid.Must(uuid.NewV7()).String(), RegistrationID: registrationID, UserID: last.UserID, Sequence: last.Sequence + 1,
			Type: t, Reason: reason, OccurredAt: db.NowFunc(),
		}
		return row.Sequence, db.Create(&row).Error
	}
	through := 0
	err = db.Transaction(func(tx *gorm.DB) error {
		announced, err := s.announce(tx, occurrence{UserID: users[0].ID, Type: t, Reason: reason})
		if err != nil {
			return err
		}
		if len(announced) == 0 || announced[0].Through != users[0].Events+1 {
			return errLostRace
		}
		through = announced[0].Through
		return nil
	})
	return through, err
}

// EventsOf returns the events of registrations, those of each one in order.
func (s *Store) EventsOf(ctx context.Context, registrationIDs ...string) ([]event.Event, error) {
	return s.listEvents(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Where("registration_id IN ?", registrationIDs).Order("registration_id, sequence, id")
	})
}

// Event returns an event. The bool is false if there is none.
func (s *Store) Event(ctx context.Context, id string) (event.Event, bool, error) {
	found, err := s.listEvents(ctx, func(db *gorm.DB) *gorm.DB { return whereUUID(db, "id", id) })
	if err != nil || len(found) == 0 {
		return event.Event{}, false, err
	}
	return found[0], true, nil
}

// Events returns at most limit events that a filter selects, in the order of their ids, which is nearly the order of time.
// after is the id of the event before the first one; empty starts at the beginning.
func (s *Store) Events(ctx context.Context, f event.Filter, after string, limit int) ([]event.Event, error) {
	return s.listEvents(ctx, func(db *gorm.DB) *gorm.DB { return filterEvents(db, f).Where("id > ?", after).Order("id").Limit(limit) })
}

// CountEvents returns the number of events that a filter selects.
func (s *Store) CountEvents(ctx context.Context, f event.Filter) (n int, err error) {
	var found int64
	err = s.do(ctx, "count events", func(db *gorm.DB) error { return filterEvents(db.Model(&eventRow{}), f).Count(&found).Error })
	return int(found), err
}

// maxSearched is the number of events in which one call of LackingEvents searches. MariaDB searches a million in 3.5 s.
const maxSearched = 50_000

// LackingEvents returns at most limit events that an endpoint wants and has not received, in the order of their ids, which are above
// after and below before. It leaves out the events of imports, which a replay delivers. It has searched up to the id through; if that
// is before, there are no more.
func (s *Store) LackingEvents(
	ctx context.Context, to event.Endpoint, after, before string, limit int,
) (found []event.Event, through string, err error) {
	var end []string
	err = s.do(ctx, "list events", func(db *gorm.DB) error {
		end = nil
		return db.Model(&eventRow{}).Where("id > ? AND id < ?", after, before).Order("id").Offset(maxSearched).Limit(1).Pluck("id", &end).Error
	})
	if err != nil {
		return nil, "", err
	}
	through = append(end, before)[0]
	found, err = s.listEvents(ctx, func(db *gorm.DB) *gorm.DB {
		lacked := lackedBy(db.Session(&gorm.Session{NewDB: true}), []event.Endpoint{to})
		return db.Where("id > ? AND id <= ? AND imported = ?", after, through, false).Where(lacked).Order("id").Limit(limit)
	})
	if len(found) == limit {
		through = found[limit-1].ID
	}
	return found, through, err
}

func filterEvents(db *gorm.DB, f event.Filter) *gorm.DB {
	if !f.Since.IsZero() {
		db = db.Where("occurred_at >= ?", storedTime(f.Since))
	}
	if !f.Until.IsZero() {
		db = db.Where("occurred_at < ?", storedTime(f.Until))
	}
	if len(f.Types) > 0 {
		db = db.Where("type IN ?", f.Types)
	}
	if f.UserID != "" {
		db = whereUUID(db, "user_id", f.UserID)
	}
	if f.RegistrationID != "" {
		db = whereRegistration(db, f.RegistrationID)
	}
	if len(f.Undelivered) > 0 {
		db = db.Where(lackedBy(db.Session(&gorm.Session{NewDB: true}), f.Undelivered))
	}
	return db
}

// lackedBy selects the events that one of the endpoints wants and has not received.
func lackedBy(db *gorm.DB, endpoints []event.Endpoint) *gorm.DB {
	for _, e := range endpoints {
		db = db.Or("type IN ? AND NOT EXISTS (SELECT 1 FROM event_deliveries WHERE event_id = events.id AND endpoint = ?)", e.Types, e.Name)
	}
	return db
}

func (s *Store) listEvents(ctx context.Context, filter func(*gorm.DB) *gorm.DB) ([]event.Event, error) {
	var rows []eventRow
	err := s.do(ctx, "list events", func(db *gorm.DB) error { return filter(db).Find(&rows).Error })
	if err != nil {
		return nil, err
	}
	events := make([]event.Event, len(rows))
	for i, r := range rows {
		if events[i], err = r.event(); err != nil {
			return nil, fmt.Errorf("list events: event %s: %w", r.ID, err)
		}
	}
	return events, nil
}

func (r eventRow) event() (event.Event, error) {
	e := event.Event{
		ID: r.ID, Type: r.Type, At: r.OccurredAt.UTC(), RegistrationID: r.RegistrationID, UserID: r.UserID,
		Sequence: r.Sequence, Reason: r.Reason, Imported: r.Imported,
	}
	if r.Body == nil {
		return e, nil
	}
	if err := json.Unmarshal([]byte(*r.Body), &e.User); err != nil {
		return event.Event{}, errors.New("its snapshot is not valid JSON") // the cause may quote the snapshot
	}
	return e, nil
}

// deliveryRow is the end of an event's delivery to an endpoint.
type deliveryRow struct {
	EventID     string
	Endpoint    string
	Status      event.DeliveryStatus
	DeliveredAt time.Time
}

func (deliveryRow) TableName() string { return "event_deliveries" }

// RecordDelivery records the end of an event's delivery to an endpoint. If it is recorded already, the first one stays. An
// event that was deleted since needs no record.
func (s *Store) RecordDelivery(ctx context.Context, d event.Delivery) error {
	row := deliveryRow{EventID: d.EventID, Endpoint: d.Endpoint, Status: d.Status, DeliveredAt: storedTime(d.At)}
	return s.do(ctx, "record delivery", func(db *gorm.DB) error {
		if err := insertIfAbsent(db, &row); !lacksParent(err) {
			return err
		}
		return nil
	})
}

// Deliveries returns the deliveries of events, by event and endpoint.
func (s *Store) Deliveries(ctx context.Context, eventIDs ...string) ([]event.Delivery, error) {
	var rows []deliveryRow
	err := s.do(ctx, "list deliveries", func(db *gorm.DB) error {
		return db.Where("event_id IN ?", eventIDs).Order("event_id, endpoint").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	deliveries := make([]event.Delivery, len(rows))
	for i, r := range rows {
		deliveries[i] = event.Delivery{EventID: r.EventID, Endpoint: r.Endpoint, Status: r.Status, At: r.DeliveredAt.UTC()}
	}
	return deliveries, nil
}
