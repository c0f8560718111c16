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

// messageIDLimit is the width of every column that holds a provider's message id, in characters.
const messageIDLimit = 255

// Report stores a delivery report and returns the updated ledger entry of its message. found is false while the ledger
// has no such message. Report is idempotent, and the order of reports does not matter.
//
// It returns message.ErrNotGenuine and stores nothing if the report's token was already used by a different report. A
// token counts as used only once its report is stored.
func (s *Store) Report(ctx context.Context, r message.Report) (entry message.Entry, found bool, err error) {
	err = s.do(ctx, "store report", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return s.saveReport(tx, r) })
	})
	if err != nil || r.Status == "" {
		return message.Entry{}, false, err
	}
	// This runs after the commit, so either this call finds the message or a concurrent Record finds the report.
	err = s.do(ctx, "apply report", func(db *gorm.DB) error {
		entry, found, err = applyReports(db, message.Receipt{Provider: r.Provider, MessageID: r.MessageID})
		return err
	})
	return entry, found, err
}

func (s *Store) saveReport(tx *gorm.DB, r message.Report) error {
	if err := useToken(tx, r); err != nil {
		return err
	}
	if r.Recipient != "" {
		listed := message.Suppression{Address: r.Recipient, Reason: r.Suppress, Source: r.Provider, Since: r.At}
		if err := s.suppress(tx, listed); err != nil {
			return err
		}
	}
	if r.Status == "" {
		return nil
	}
	return insertIfAbsent(tx, &reportRow{
		Provider: r.Provider, MessageID: truncate(r.MessageID, messageIDLimit), Status: r.Status,
		Code: truncate(r.Code, codeLimit), At: storedTime(r.At), ReceivedAt: tx.NowFunc(),
	})
}

type tokenRow struct {
	Provider   string
	Token      string
	Digest     string
	ReceivedAt time.Time
}

func (tokenRow) TableName() string { return "report_tokens" }

// useToken binds a token to one report. Repeats of that report succeed; any other report with the token fails.
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

// digest identifies the content of a report. It omits the time, which a provider may change when it repeats a report.
func digest(r message.Report) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		r.MessageID, string(r.Status), r.Code, r.Recipient, string(r.Suppress),
	}))
	return hex.EncodeToString(sum[:])
}

// insertIfAbsent inserts a row, or does nothing if its key exists.
func insertIfAbsent(tx *gorm.DB, row any) error {
	err := tx.Create(row).Error
	if isDuplicate(err) {
		return nil
	}
	return err
}

// applyReports updates the ledger's row of a message from its reports and returns it. It needs no locks, because a
// status is only ever replaced by a higher one.
func applyReports(db *gorm.DB, m message.Receipt) (message.Entry, bool, error) {
	var reports []reportRow
	err := db.Where("provider = ? AND message_id = ?", m.Provider, truncate(m.MessageID, messageIDLimit)).Find(&reports).Error
	if err != nil {
		return message.Entry{}, false, err
	}
	for _, r := range reports {
		if err := applyReport(db, m, r); err != nil {
			return message.Entry{}, false, err
		}
	}
	var row []notificationRow
	err = whereMessage(db, m).Find(&row).Error
	if err != nil || len(row) == 0 {
		return message.Entry{}, false, err
	}
	return row[0].entry(), true, nil
}

func applyReport(db *gorm.DB, m message.Receipt, r reportRow) error {
	return db.Transaction(func(tx *gorm.DB) error {
		updated := whereMessage(tx, m).Model(&notificationRow{}).Where("status IN ?", r.Status.Below()).
			Updates(map[string]any{"status": r.Status, "error_code": optional(r.Code), "reported_at": r.At})
		if updated.Error != nil {
			return updated.Error
		}
		switch {
		case r.Status == message.StatusDelivered:
			return whereMessage(tx, m).Model(&notificationRow{}).Where("delivered_at IS NULL").
				Update("delivered_at", r.At).Error
		case r.Status == message.StatusUndelivered && updated.RowsAffected > 0:
			return addUndelivered(tx, m, r)
		}
		return nil
	})
}

// addUndelivered records the undelivered message as a failed attempt.
func addUndelivered(tx *gorm.DB, m message.Receipt, r reportRow) error {
	var rows []notificationRow
	if err := whereMessage(tx, m).Find(&rows).Error; err != nil {
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

func whereMessage(db *gorm.DB, m message.Receipt) *gorm.DB {
	return db.Where("provider = ? AND provider_message_id = ?", m.Provider, m.MessageID)
}

// UndeliveredBy returns the providers that reported the message undelivered, ordered by name.
func (s *Store) UndeliveredBy(ctx context.Context, k message.Key) ([]string, error) {
	var providers []string
	err := s.do(ctx, "look up providers that did not deliver", func(db *gorm.DB) error {
		return db.Model(&attemptRow{}).Distinct("provider").
			Where("registration_id = ? AND kind = ? AND sequence = ? AND failure = ?",
				k.RegistrationID, k.Kind, k.Sequence, message.AttemptUndelivered).
			Order("provider").Pluck("provider", &providers).Error
	})
	return providers, err
}

// ReportsOf returns the delivery reports of the registration's messages, oldest first.
func (s *Store) ReportsOf(ctx context.Context, registrationID string) ([]message.Report, error) {
	var rows []reportRow
	err := s.do(ctx, "list reports", func(db *gorm.DB) error {
		messages := whereRegistration(db.Model(&notificationRow{}).Select("1"), registrationID).
			Where("notifications.provider = delivery_reports.provider AND provider_message_id = message_id")
		return db.Where("EXISTS (?)", messages).Order("at, status").Find(&rows).Error
	})
	reports := make([]message.Report, len(rows))
	for i, r := range rows {
		reports[i] = message.Report{Provider: r.Provider, MessageID: r.MessageID, Status: r.Status, Code: r.Code, At: r.At.UTC()}
	}
	return reports, err
}
