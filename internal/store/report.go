package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

type reportRow struct {
	Provider   string
	MessageID  string
	Status     message.Status
	Code       string
	At         time.Time
	ReceivedAt time.Time
}

func (reportRow) TableName() string { return "delivery_reports" }

// messageIDLimit is the width of every column with a provider's id of a message, in characters.
const messageIDLimit = 255

// Report keeps what a provider says of a message and of its recipient, and returns the ledger's entry of the message as
// it then stands; found is false while the ledger does not have it. Repeating it changes nothing, and neither does the
// order of reports.
//
// A report whose token came with another report before is message.ErrNotGenuine, and nothing is kept of it. A token
// counts as used only when its report is kept.
func (s *Store) Report(ctx context.Context, r message.Report) (entry message.Entry, found bool, err error) {
	s.prune(ctx)
	err = s.do(ctx, "keep report", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return saveReport(tx, r) })
	})
	if err != nil || r.Status == "" {
		return message.Entry{}, false, err
	}
	// After the commit, so that either this finds the message or Record finds the report, whichever comes last.
	err = s.do(ctx, "apply report", func(db *gorm.DB) error {
		entry, found, err = applyReports(db, message.Receipt{Provider: r.Provider, MessageID: r.MessageID})
		return err
	})
	return entry, found, err
}

func saveReport(tx *gorm.DB, r message.Report) error {
	if err := useToken(tx, r); err != nil {
		return err
	}
	if r.Recipient != "" {
		listed := message.Suppression{Address: r.Recipient, Reason: r.Suppress, Source: r.Provider, Since: r.At}
		if err := suppress(tx, listed); err != nil {
			return err
		}
	}
	if r.Status == "" {
		return nil
	}
	return insertIfAbsent(tx, &reportRow{
		Provider: r.Provider, MessageID: cut(r.MessageID, messageIDLimit), Status: r.Status,
		Code: cut(r.Code, codeLimit), At: stamp(r.At), ReceivedAt: tx.NowFunc(),
	})
}

type tokenRow struct {
	Provider   string
	Token      string
	Digest     string
	ReceivedAt time.Time
}

func (tokenRow) TableName() string { return "report_tokens" }

// useToken lets a token serve one report, however often that is repeated.
func useToken(tx *gorm.DB, r message.Report) error {
	if r.Token == "" {
		return nil
	}
	row := tokenRow{Provider: r.Provider, Token: r.Token, Digest: digest(r), ReceivedAt: tx.NowFunc()}
	err := tx.Create(&row).Error
	if !isDuplicate(err) {
		return err
	}
	var same int64
	err = tx.Model(&tokenRow{}).
		Where("provider = ? AND token = ? AND digest = ?", row.Provider, row.Token, row.Digest).Count(&same).Error
	if err == nil && same == 0 {
		return message.ErrNotGenuine
	}
	return err
}

// digest tells reports apart. The time is left out: a provider may say it anew.
func digest(r message.Report) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		r.MessageID, string(r.Status), r.Code, r.Recipient, string(r.Suppress),
	}))
	return hex.EncodeToString(sum[:])
}

// insertIfAbsent inserts a row, or does nothing when its key is there.
func insertIfAbsent(tx *gorm.DB, row any) error {
	err := tx.Create(row).Error
	if isDuplicate(err) {
		return nil
	}
	return err
}

// applyReports brings the ledger's row of a message up to date with its reports and returns it. It takes no locks: a
// status only ever gives way to a higher one.
func applyReports(db *gorm.DB, m message.Receipt) (message.Entry, bool, error) {
	var reports []reportRow
	err := db.Where("provider = ? AND message_id = ?", m.Provider, cut(m.MessageID, messageIDLimit)).Find(&reports).Error
	if err != nil {
		return message.Entry{}, false, err
	}
	for _, r := range reports {
		if err := applyReport(db, m, r); err != nil {
			return message.Entry{}, false, err
		}
	}
	var row []notificationRow
	err = ofMessage(db, m).Find(&row).Error
	if err != nil || len(row) == 0 {
		return message.Entry{}, false, err
	}
	return row[0].entry(), true, nil
}

func applyReport(db *gorm.DB, m message.Receipt, r reportRow) error {
	return db.Transaction(func(tx *gorm.DB) error {
		raised := ofMessage(tx, m).Model(&notificationRow{}).Where("status IN ?", r.Status.Below()).
			Updates(map[string]any{"status": r.Status, "error_code": optional(r.Code), "reported_at": r.At})
		if raised.Error != nil {
			return raised.Error
		}
		switch {
		case r.Status == message.StatusDelivered:
			return ofMessage(tx, m).Model(&notificationRow{}).Where("delivered_at IS NULL").
				Update("delivered_at", r.At).Error
		case r.Status == message.StatusUndelivered && raised.RowsAffected > 0:
			return addUndelivered(tx, m, r)
		}
		return nil
	})
}

// addUndelivered adds the failed try that the message turned out to be.
func addUndelivered(tx *gorm.DB, m message.Receipt, r reportRow) error {
	var rows []notificationRow
	if err := ofMessage(tx, m).Find(&rows).Error; err != nil {
		return err
	}
	for _, n := range rows {
		row := attemptRow{
			RegistrationID: n.RegistrationID, Kind: n.Kind, Sequence: n.Sequence, Channel: n.Channel,
			Provider: n.Provider, Failure: message.AttemptUndelivered, Code: r.Code, At: r.At,
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

func ofMessage(db *gorm.DB, m message.Receipt) *gorm.DB {
	return db.Where("provider = ? AND provider_message_id = ?", m.Provider, m.MessageID)
}

// UndeliveredBy are the providers that reported the message undelivered.
func (s *Store) UndeliveredBy(ctx context.Context, k message.Key) ([]string, error) {
	var providers []string
	err := s.do(ctx, "look up who could not deliver", func(db *gorm.DB) error {
		return db.Model(&attemptRow{}).Distinct("provider").
			Where("registration_id = ? AND kind = ? AND sequence = ? AND failure = ?",
				k.RegistrationID, k.Kind, k.Sequence, message.AttemptUndelivered).
			Order("provider").Pluck("provider", &providers).Error
	})
	return providers, err
}
