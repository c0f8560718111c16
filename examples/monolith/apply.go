package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// outcome is what became of a delivered event.
type outcome string

const (
	applied    outcome = "applied"
	duplicate  outcome = "duplicate"    // the same delivery came before: its answer was lost
	outOfOrder outcome = "out of order" // a later event of the same registration came before
)

// apply applies an event exactly once. Everything is in one transaction: if it fails, nothing is stored, and Registrar sends the
// event again.
func (t *table) apply(ctx context.Context, webhookID string, e event) (outcome, error) {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("apply: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // has no effect after the commit
	result, err := accept(ctx, tx, webhookID, e)
	if err == nil && result == applied {
		err = change(ctx, tx, e)
	}
	if err == nil {
		err = count(ctx, tx, result)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return "", fmt.Errorf("apply: %w", err)
	}
	return result, nil
}

// accept decides about an event. The webhook-id recognizes an event that comes twice, and the sequence one that is older than
// what is stored. The sequence alone would keep the table right; the webhook-id tells a harmless repetition from lost order.
//
// Sequences may have gaps: an endpoint does not have to receive every type of event.
func accept(ctx context.Context, tx *sql.Tx, webhookID string, e event) (outcome, error) {
	isNew, err := changes(tx.ExecContext(ctx,
		`INSERT INTO deliveries (webhook_id, received_at) VALUES (?, ?) ON CONFLICT DO NOTHING`, webhookID, time.Now().Unix()))
	if err != nil || !isNew {
		return duplicate, err
	}
	isLater, err := changes(tx.ExecContext(ctx,
		`INSERT INTO sequences (registration_id, sequence) VALUES (?, ?)
		ON CONFLICT (registration_id) DO UPDATE SET sequence = excluded.sequence WHERE excluded.sequence > sequence`,
		e.Data.RegistrationID, e.Data.Sequence))
	if err != nil || !isLater {
		return outOfOrder, err
	}
	return applied, nil
}

// change changes the table of users. An event has the whole user after the change, so most types need no code of their own: the
// last event is the state. A monolith that does more at an event, such as opening an account at user.activated, writes that work
// into a table in this transaction, so that it happens exactly once too.
func change(ctx context.Context, tx *sql.Tx, e event) error {
	switch e.Type {
	case "user.erased", "user.expired":
		_, err := tx.ExecContext(ctx, `DELETE FROM users WHERE registration_id = ?`, e.Data.RegistrationID)
		return err
	case "registration.failed":
		return nil // a user that was stored before remains, and expires or is active
	default:
		// user.registered, user.activated, user.email_confirmed, user.email_released, user.updated, user.blocked,
		// user.unblocked, consent.changed, and types of later versions
		if e.Data.User == nil {
			return nil // the event is sent after its user was erased, so that only ids are left of it
		}
		return save(ctx, tx, e.Data.RegistrationID, e.Data.UserID, *e.Data.User)
	}
}

// save stores a user, whether it is known or not.
func save(ctx context.Context, tx *sql.Tx, registrationID, userID string, u user) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO users (
			registration_id, user_id, status, email, email_verified, username, mobile_number, mobile_verified,
			first_name, last_name, locale, marketing_consent, attributes, password_hash
		) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		registrationID, userID, u.Status, u.Email, u.EmailVerified, u.Username, u.MobileNumber, u.MobileVerified,
		u.FirstName, u.LastName, u.Locale, u.MarketingConsent, string(u.Attributes), u.PasswordHash)
	return err
}

// count counts a delivery.
func count(ctx context.Context, tx *sql.Tx, result outcome) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1`, string(result))
	return err
}

// changes reports whether a statement changed a row.
func changes(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}
