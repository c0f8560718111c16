package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite"
)

//go:embed schema.sql
var schema string

// deliveriesKept is how long deliveries are remembered. It is longer than Registrar tries to deliver an event (EVENTS_BUDGET).
const deliveriesKept = 30 * 24 * time.Hour

// table is the monolith's table of users, with what it needs to apply events exactly once.
type table struct{ db *sql.DB }

// openTable opens the database in a file, and creates what is missing.
func openTable(ctx context.Context, path string) (*table, error) {
	file := url.URL{Path: path}
	db, err := sql.Open("sqlite", "file:"+file.EscapedPath()+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	// One connection applies one event after the other. On MySQL or PostgreSQL many connections can do so: the unique keys
	// decide between them.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	_, err = db.ExecContext(ctx, `DELETE FROM deliveries WHERE received_at < ?`, time.Now().Add(-deliveriesKept).Unix())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &table{db}, nil
}

func (t *table) close() error { return t.db.Close() }

// account is what the login needs of a user.
type account struct {
	UserID, FirstName, Status, PasswordHash string
}

// find returns the user with an email, a username or a mobile number. An email or a number finds only the user who has proven
// it: before that, anybody may have entered it, and several users may have the same.
func (t *table) find(ctx context.Context, login string) (a account, found bool, err error) {
	err = t.db.QueryRowContext(ctx, `SELECT user_id, first_name, status, password_hash FROM users WHERE password_hash <> '' AND (
		email = ? AND email_verified OR username = ? OR mobile_number = ? AND mobile_verified) AND ? <> ''`,
		login, login, login, login).Scan(&a.UserID, &a.FirstName, &a.Status, &a.PasswordHash)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, false, nil
	}
	return a, err == nil, err
}

// row is a user on the page.
type row struct {
	RegistrationID string `json:"registration_id"`
	UserID         string `json:"user_id"`
	Status         string `json:"status"`
	Email          string `json:"email"`
	FirstName      string `json:"first_name"`
	LastName       string `json:"last_name"`
	Sequence       int    `json:"sequence"` // of the last event
}

// maxRows is the maximum number of users on the page.
const maxRows = 100

// list returns the users with the highest registration ids, which are the newest.
func (t *table) list(ctx context.Context) (list []row, err error) {
	rows, err := t.db.QueryContext(ctx, `SELECT registration_id, user_id, status, email, first_name, last_name, sequence
		FROM users JOIN sequences USING (registration_id) ORDER BY registration_id DESC LIMIT ?`, maxRows)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	list = []row{} // in JSON, an empty list
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.RegistrationID, &r.UserID, &r.Status, &r.Email, &r.FirstName, &r.LastName, &r.Sequence); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// counters returns how many deliveries had each outcome.
func (t *table) counters(ctx context.Context) (map[outcome]int, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT name, value FROM counters`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	counters := map[outcome]int{applied: 0, duplicate: 0, outOfOrder: 0}
	for rows.Next() {
		var name outcome
		var value int
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		counters[name] = value
	}
	return counters, rows.Err()
}
