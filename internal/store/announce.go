package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"registrar/internal/event"
	"registrar/internal/user"
)

// eventRow is an event of a user.
type eventRow struct {
	ID             string `gorm:"primaryKey"`
	RegistrationID string
	UserID         string // empty if the registration never had a user
	Sequence       int
	Type           event.Type
	Reason         string
	Imported       bool
	CausedBy       *string // the registration whose change caused it; NULL if it is the event's own
	Body           *string // a snapshot of the user, see event.User; NULL if there is none
	OccurredAt     time.Time
}

func (eventRow) TableName() string { return "events" }

// occurrence is a change of a user that announce announces.
type occurrence struct {
	UserID string
	Type   event.Type
	Reason string // see the reasons of package event; empty for other types
	// IfAnnounced drops the occurrence if the user has no event yet: nobody has to hear of the end of a user that nobody has
	// heard of.
	IfAnnounced bool
	Imported    bool
	CausedBy    string // the registration whose change caused it, if it is not the user's own
}

// announce records the events of changes of users in the caller's transaction. It ignores changes whose type no endpoint
// wants. It returns the last events of each registration, in the order of the changes.
//
// Call it once in a transaction, after the statements that change users or profiles, but before a user is deleted. The
// transaction must not read before: its first read is here, when the rows of all changed users are locked by the update of
// users.events. So the snapshots of a user's events are in the order of their sequences.
func (s *Store) announce(tx *gorm.DB, changes ...occurrence) ([]user.Announced, error) {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c occurrence) bool { return !s.events.Records(c.Type) })
	if len(changes) == 0 {
		return nil, nil
	}
	ids, err := countEvents(tx, changes)
	if err != nil {
		return nil, err
	}
	var found []recordRow
	err = tx.Model(&userRow{}).Joins("JOIN profiles ON profiles.user_id = users.id").Select("users.*, profiles.*").
		Where("id IN ? AND events > 0", ids).Find(&found).Error
	if err != nil {
		return nil, err
	}
	rows, err := s.eventsOf(changes, found, tx.NowFunc())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return announcedBy(rows), tx.CreateInBatches(rows, maxEventRows).Error
}

// maxEventRows is the number of events that one statement inserts. SQLite allows 32,766 values in a statement.
const maxEventRows = 500

// countEvents adds the number of each user's changes to users.events, and returns the ids of these users.
func countEvents(tx *gorm.DB, changes []occurrence) ([]string, error) {
	type group struct {
		changes     int
		ifAnnounced bool
	}
	perUser := map[string]group{}
	var ids []string
	for _, c := range changes {
		g, counted := perUser[c.UserID]
		if !counted {
			ids, g.ifAnnounced = append(ids, c.UserID), c.IfAnnounced
		}
		g.changes++
		perUser[c.UserID] = g
	}
	groups := map[group][]string{}
	for _, id := range ids {
		groups[perUser[id]] = append(groups[perUser[id]], id)
	}
	for g, members := range groups {
		counted := tx.Model(&userRow{}).Where("id IN ?", members)
		if g.ifAnnounced {
			counted = counted.Where("events > 0")
		}
		if err := counted.UpdateColumn("events", gorm.Expr("events + ?", g.changes)).Error; err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// eventsOf returns the rows of the changes of those users that were found.
func (s *Store) eventsOf(changes []occurrence, found []recordRow, now time.Time) ([]eventRow, error) {
	users := map[string]recordRow{}
	left := map[string]int{} // changes of a user that have no row yet
	for _, f := range found {
		users[f.User.ID] = f
	}
	for _, c := range changes {
		left[c.UserID]++
	}
	var rows []eventRow
	for _, c := range changes {
		u, ok := users[c.UserID]
		if !ok {
			continue
		}
		left[c.UserID]--
		row := eventRow{
			ID: uuid.Must(uuid.NewV7()).String(), RegistrationID: u.User.RegistrationID, UserID: c.UserID, Sequence: u.User.Events - left[c.UserID],
			Type: c.Type, Reason: c.Reason, Imported: c.Imported, OccurredAt: now,
		}
		if c.CausedBy != u.User.RegistrationID {
			row.CausedBy = optional(c.CausedBy)
		}
		if c.Type != event.UserExpired && c.Type != event.UserErased {
			body, err := json.Marshal(u.snapshot(s.events.PasswordHash))
			if err != nil {
				return nil, fmt.Errorf("snapshot of a user: %w", err)
			}
			row.Body = optional(string(body))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// announcedBy returns the last events of each registration.
func announcedBy(rows []eventRow) []user.Announced {
	var announced []user.Announced
	for _, r := range rows {
		announced = user.Announce(announced, user.Announced{RegistrationID: r.RegistrationID, Through: r.Sequence})
	}
	return announced
}

// snapshot returns the user as its events tell it.
func (r recordRow) snapshot(passwordHash bool) event.User {
	u, p := r.User, r.Profile
	snapshot := event.User{
		Status:           string(u.Status),
		Email:            textOf(u.Email),
		EmailVerified:    u.EmailVerifiedAt != nil && u.Email != nil,
		Username:         textOf(u.Username),
		MobileNumber:     textOf(u.MobileE164),
		MobileVerified:   u.MobileVerifiedAt != nil,
		FirstName:        p.FirstName,
		LastName:         p.LastName,
		Locale:           p.Locale,
		MarketingConsent: p.MarketingConsent,
		ConsentAt:        utcOrNil(p.ConsentAt),
		TermsVersion:     p.TermsVersion,
		TermsAcceptedAt:  utcOrNil(p.TermsAcceptedAt),
		RequestedAt:      u.RequestedAt.UTC(),
		VerifiedAt:       utcOrNil(u.VerifiedAt),
		UpdatedAt:        u.UpdatedAt.UTC(),
	}
	if p.Attributes != nil {
		snapshot.Attributes = json.RawMessage(*p.Attributes)
	}
	if passwordHash {
		snapshot.PasswordHash = u.PasswordHash
	}
	return snapshot
}

func utcOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
