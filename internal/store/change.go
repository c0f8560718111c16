package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/user"
)

// ChangeUser makes an operator's or a user's change, and records it in the audit trail under the change's id, in one
// transaction. A change that is repeated is made and recorded once, and has the same outcome. Changes of one user are made one
// after the other.
func (s *Store) ChangeUser(ctx context.Context, c user.ChangeRequest) (user.ChangeResult, error) {
	var result user.ChangeResult
	err := s.do(ctx, "change user", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) (err error) {
			result, err = s.changeUser(tx, c)
			return err
		})
	})
	return result, err
}

func (s *Store) changeUser(tx *gorm.DB, c user.ChangeRequest) (user.ChangeResult, error) {
	found, err := lockUser(tx, c.UserID)
	if err != nil || found == nil {
		return user.ChangeResult{Outcome: user.ChangeNotFound}, err
	}
	result := user.ChangeResult{Outcome: user.ChangeDone}
	done, err := isRecorded(tx, c.ID)
	if err != nil {
		return result, err
	}
	if done {
		result.Announced, err = s.announced(tx, found.User.RegistrationID)
		return result, err
	}
	change := userChange{tx: tx, request: c, row: *found, source: c.Actor}
	err = change.make()
	if code := user.CodeOf(err); code != "" {
		return user.ChangeResult{Outcome: user.ChangeConflict, Conflict: code}, nil
	}
	if err != nil {
		return result, err
	}
	if err := change.record(); err != nil {
		return result, err
	}
	result.Announced, err = s.announce(tx, change.occurrences...)
	return result, err
}

// lockUser reads a user and makes other transactions that change it wait. The first statement writes, and so the read sees what they
// have committed. It returns nil if there is no such user.
func lockUser(tx *gorm.DB, id string) (*recordRow, error) {
	locked := whereUUID(tx.Model(&userRow{}), "id", id).UpdateColumn("updated_at", gorm.Expr("updated_at"))
	if locked.Error != nil || locked.RowsAffected == 0 {
		return nil, locked.Error
	}
	var found []recordRow
	err := tx.Model(&userRow{}).Joins("JOIN profiles ON profiles.user_id = users.id").
		Select(recordColumns+", email_canonical").Where("users.id = ?", id).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func isRecorded(tx *gorm.DB, changeID string) (bool, error) {
	var n int64
	err := tx.Model(&auditRow{}).Where("id = ?", changeID).Count(&n).Error
	return n > 0, err
}

// userChange is one change of a user in a transaction.
type userChange struct {
	tx      *gorm.DB
	request user.ChangeRequest
	row     recordRow // the user before the change
	source  string    // of a change of the consent

	occurrences []occurrence // what has changed
}

var errKind = errors.New("unknown kind of change")

// make makes the change. A *user.Error means that the user's status does not allow it.
func (c *userChange) make() error {
	switch c.request.Kind {
	case user.ChangeBlock:
		return c.block()
	case user.ChangeUnblock:
		return c.unblock()
	case user.ChangeUpdate:
		c.source = truncate(consentByOperator+c.request.Actor, sourceLimit)
		return c.update()
	case user.ChangeConsent:
		return c.setConsent()
	default: // EraseUser erases
		return errKind
	}
}

// consentByOperator is before the operator's name in the source of a consent. sourceLimit is the width of the column, in characters.
const (
	consentByOperator = "operator:"
	sourceLimit       = 64
)

func (c *userChange) block() error {
	switch c.row.User.Status {
	case user.StatusPending:
		return &user.Error{Code: user.CodeUserPending, Message: "the user has not verified yet"}
	case user.StatusActive:
		c.happened(event.UserBlocked)
		return c.setUser(map[string]any{"status": user.StatusBlocked, "blocked_at": storedTime(c.request.At)})
	default:
		return nil
	}
}

func (c *userChange) unblock() error {
	if c.row.User.Status != user.StatusBlocked {
		return nil
	}
	c.happened(event.UserUnblocked)
	return c.setUser(map[string]any{"status": user.StatusActive, "blocked_at": nil})
}

// update sets the fields of the request, and the consent as an operator.
func (c *userChange) update() error {
	set, err := c.profileColumns()
	if err != nil {
		return err
	}
	if len(set) > 0 {
		c.happened(event.UserUpdated)
		if err := c.setProfile(set); err != nil {
			return err
		}
	}
	return c.setConsent()
}

// profileColumns returns the columns that change.
func (c *userChange) profileColumns() (map[string]any, error) {
	set, p := map[string]any{}, c.row.Profile
	for column, value := range map[string]struct {
		to     *string
		before string
	}{
		"first_name": {c.request.Set.FirstName, p.FirstName},
		"last_name":  {c.request.Set.LastName, p.LastName},
		"locale":     {c.request.Set.Locale, p.Locale},
	} {
		if value.to != nil && *value.to != value.before {
			set[column] = *value.to
		}
	}
	if len(c.request.Set.Attributes) == 0 {
		return set, nil
	}
	attributes, err := c.request.Set.Attributes.Apply(textOf(p.Attributes))
	if attributes != textOf(p.Attributes) {
		set["attributes"] = optional(attributes)
	}
	return set, err
}

// setConsent gives or withdraws the consent to campaigns. Like a link in a campaign's email, a withdrawal also suppresses the address.
func (c *userChange) setConsent() error {
	given := c.request.Set.MarketingConsent
	if given == nil {
		return nil
	}
	at := storedTime(c.request.At)
	if !*given && c.row.User.EmailCanonical != nil {
		listed := message.Suppression{Address: *c.row.User.EmailCanonical, Reason: message.Unsubscribed, Source: c.source, Since: at}
		withdrawn, err := suppress(c.tx, listed)
		if err != nil {
			return err
		}
		c.happenedToOthers(withdrawn)
	}
	if *given == c.row.Profile.MarketingConsent {
		return nil
	}
	c.happened(event.ConsentChanged)
	return c.setProfile(map[string]any{"marketing_consent": *given, "consent_at": at, "consent_source": c.source})
}

func (c *userChange) happened(t event.Type) {
	c.occurrences = append(c.occurrences, occurrence{UserID: c.row.User.ID, Type: t})
}

// happenedToOthers adds what the change has done to other users with the same unproven address.
func (c *userChange) happenedToOthers(all []occurrence) {
	for _, o := range all {
		if o.UserID != c.row.User.ID {
			o.CausedBy = c.row.User.RegistrationID
			c.occurrences = append(c.occurrences, o)
		}
	}
}

func (c *userChange) setUser(set map[string]any) error {
	return c.tx.Model(&userRow{}).Where("id = ?", c.row.User.ID).Updates(set).Error
}

// setProfile also sets the time of the user's last change.
func (c *userChange) setProfile(set map[string]any) error {
	if err := c.tx.Model(&profileRow{}).Where("user_id = ?", c.row.User.ID).Updates(set).Error; err != nil {
		return err
	}
	return c.setUser(map[string]any{"updated_at": c.tx.NowFunc()})
}

// auditActions has the action of each kind of change.
var auditActions = map[user.ChangeKind]audit.Action{
	user.ChangeUpdate:  audit.UserUpdated,
	user.ChangeConsent: audit.UserConsented,
	user.ChangeBlock:   audit.UserBlocked,
	user.ChangeUnblock: audit.UserUnblocked,
	user.ChangeErase:   audit.UserErased,
}

func (c *userChange) record() error {
	row := auditRowOf(audit.Entry{
		ID: c.request.ID, At: c.request.At, Actor: c.request.Actor, Action: auditActions[c.request.Kind], UserID: c.row.User.ID,
		Detail: audit.Detail{Fields: c.request.Set.Fields()},
	})
	return c.tx.Create(&row).Error
}
