//go:build mariadb

// Package mariadb_test runs the user store on a real MariaDB server, which it starts and stops itself.
package mariadb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/store/storetest"
	"registrar/internal/user"
)

var shared *server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if shared, err = newServer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := shared.remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store { return shared.open(t) })
}

func BenchmarkPersist(b *testing.B) { storetest.BenchmarkPersist(b, shared.open(b)) }

func registration(email string, after time.Duration) user.Registration {
	return user.Registration{
		ID: uuid.NewString(),
		Profile: user.Profile{
			FirstName: "Ada", LastName: "Lovelace", Email: email, EmailCanonical: email, Locale: "en",
		},
		PasswordHash: "$argon2id$", RequestedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(after),
	}
}

func migrated(t *testing.T, s *server) *store.Store {
	t.Helper()
	opened := s.open(t)
	require.NoError(t, opened.Migrate(t.Context()))
	return opened
}

// TestDeadlock has a transaction take the rows of a takeover in the opposite order, and weigh more than it, so that
// the server picks the takeover as the victim.
func TestDeadlock(t *testing.T) {
	s := migrated(t, shared)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	old, later := registration("ada@example.org", 0), registration("ada@example.org", time.Second)
	id := persist(t, s, old).UserID
	for i := range 50 {
		persist(t, s, registration(fmt.Sprintf("weight%d@example.org", i), 0))
	}
	before := deadlocks(t, s)

	tx, err := s.Pool().BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, "UPDATE profiles SET locale = 'fr'")
	require.NoError(t, err)
	type answer struct {
		user.Persisted
		error
	}
	answered := make(chan answer, 1)
	go func() {
		p, err := s.Persist(ctx, later)
		answered <- answer{p, err}
	}()
	require.Eventually(t, func() bool { return waiting(t, s) }, 10*time.Second, time.Millisecond)
	_, err = tx.ExecContext(ctx, "UPDATE users SET mobile_e164 = '+1' WHERE id = ?", id)
	require.NoError(t, err, "the heavier transaction goes on")
	require.NoError(t, tx.Commit())

	got := <-answered
	require.NoError(t, got.error)
	require.Equal(t, user.Persisted{UserID: id, Status: user.StatusPending, Superseded: old.ID}, got.Persisted)
	require.Greater(t, deadlocks(t, s), before, "the server did see a deadlock")
}

func persist(t *testing.T, s *store.Store, r user.Registration) user.Persisted {
	t.Helper()
	p, err := s.Persist(t.Context(), r)
	require.NoError(t, err)
	return p
}

func deadlocks(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	var name string
	require.NoError(t, s.Pool().QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").Scan(&name, &n))
	return n
}

func waiting(t *testing.T, s *store.Store) bool {
	var n int
	err := s.Pool().QueryRowContext(t.Context(), `
		SELECT COUNT(*) FROM information_schema.innodb_trx JOIN information_schema.processlist ON trx_mysql_thread_id = id
		WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()`).Scan(&n)
	return err == nil && n > 0
}

// TestErrorsHoldNoPersonalData makes the server say values in its errors, first to be sure that it does.
func TestErrorsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	s := migrated(t, shared)
	const value = "ada.lovelace"
	taken := registration(value+"@example.org", 0)
	persist(t, s, taken)

	_, raw := s.Pool().ExecContext(t.Context(), "INSERT INTO users SELECT UUID(), UUID(), username, email, "+
		"email_canonical, password_hash, mobile_e164, status, requested_at, verified_at, email_verified_at, created_at, updated_at FROM users")
	require.ErrorContains(t, raw, value)
	require.NoError(t, s.Activate(t.Context(), user.Activation{RegistrationID: taken.ID, At: time.Now()}))
	_, err := s.Persist(t.Context(), registration(value+"@example.org", time.Second))
	require.Equal(t, user.ErrEmailTaken, err)

	tooLong, badHash := registration("b@example.org", 0), registration("c@example.org", 0)
	tooLong.Profile.FirstName = strings.Repeat(value, 100)
	badHash.PasswordHash = value + "é"
	for r, number := range map[*user.Registration]string{&tooLong: "1406 (22001)", &badHash: "1366 (22007)"} {
		_, err := s.Persist(t.Context(), *r)
		require.EqualError(t, err, "persist user: mysql error "+number)
		var my *mysql.MySQLError
		require.False(t, errors.As(err, &my))
	}
}

// TestQueryPlan keeps the look-up of a row's owners on its three unique keys.
func TestQueryPlan(t *testing.T) {
	t.Parallel()
	s := migrated(t, shared)
	for i := range 200 {
		persist(t, s, registration(fmt.Sprintf("user%d@example.org", i), 0))
	}
	var id, kind, table, access string
	var keys, key, length, ref, rows, extra sql.NullString
	require.NoError(t, s.Pool().QueryRowContext(t.Context(), `
		EXPLAIN SELECT id FROM users WHERE registration_id = ? OR email_canonical = ? OR username = ?`,
		uuid.NewString(), "user7@example.org", "ada",
	).Scan(&id, &kind, &table, &access, &keys, &key, &length, &ref, &rows, &extra))
	require.Equal(t, "index_merge", access)
}

// TestKilledServer kills the server under load and starts it again: no answer is a rule, and nothing acknowledged is lost.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	own, err := newServer()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, own.remove()) })
	s := migrated(t, own)

	type stored struct {
		user.Registration
		id string
	}
	acknowledged := make(chan stored, 100_000)
	failed := make(chan error, 10)
	for range cap(failed) {
		go func() {
			for {
				r := registration(uuid.NewString()+"@example.org", 0)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				p, err := s.Persist(ctx, r)
				cancel()
				if err != nil {
					failed <- err
					return
				}
				acknowledged <- stored{r, p.UserID}
			}
		}()
	}
	require.Eventually(t, func() bool { return len(acknowledged) > 100 }, 30*time.Second, time.Millisecond)
	own.end(syscall.SIGKILL)
	for range cap(failed) {
		err := <-failed
		require.Empty(t, user.CodeOf(err))
		require.ErrorContains(t, err, "persist user: ")
		require.NotContains(t, err.Error(), "example.org")
	}
	_, err = s.Pending(t.Context())
	require.Error(t, err)

	require.NoError(t, own.start())
	again := own.reopen(t, "users_1")
	pending, err := again.Pending(t.Context())
	require.NoError(t, err)
	require.Zero(t, pending)
	close(acknowledged)
	for a := range acknowledged {
		require.Equal(t, a.id, persist(t, again, a.Registration).UserID)
	}
	var orphans int
	require.NoError(t, again.Pool().QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM users LEFT JOIN profiles ON user_id = id WHERE user_id IS NULL").Scan(&orphans))
	require.Zero(t, orphans)
}
