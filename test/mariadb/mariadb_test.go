//go:build mariadb

// Package mariadb_test runs the user store on a real MariaDB server, which it starts and stops itself.
package mariadb_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/store"
	"registrar/internal/store/storetest"
	"registrar/internal/user"
	"registrar/test/parts"
)

var shared *server

func TestMain(m *testing.M) {
	os.Exit(parts.Main(func(s *parts.Scope) int {
		shared = startServer(s)
		return m.Run()
	}))
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, o store.Options) *store.Store { return shared.openWith(t, o) })
}

func BenchmarkPersist(b *testing.B) { storetest.BenchmarkPersist(b, shared.open(b)) }

func BenchmarkPersistWithEvents(b *testing.B) {
	storetest.BenchmarkPersist(b, shared.openWith(b, storetest.WithEvents()))
}

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

// TestDeadlock runs a transaction that locks the rows of a proof in the opposite order and has changed more rows, so that
// the server rolls back the proof. It does not run in parallel, because it reads counters of the whole server.
func TestDeadlock(t *testing.T) {
	s := migrated(t, shared)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rival, winner := registration("ada@example.org", 0), registration("ada@example.org", time.Second)
	persist(t, s, rival)
	persist(t, s, winner)
	for i := range 50 {
		persist(t, s, registration(fmt.Sprintf("weight%d@example.org", i), 0))
	}
	before := status(ctx, s, "Innodb_deadlocks")

	tx, err := s.Pool().BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, "UPDATE profiles SET locale = 'fr'")
	require.NoError(t, err)
	answered := proveBehindLock(ctx, t, s, winner)
	_, err = tx.ExecContext(ctx, "UPDATE users SET mobile_e164 = '+1' WHERE registration_id = ?", winner.ID)
	require.NoError(t, err, "the heavier transaction continues")
	require.NoError(t, tx.Commit())

	got := <-answered
	require.NoError(t, got.error)
	require.Equal(t, user.Displaced{Superseded: []string{rival.ID}}, got.Displaced)
	require.Equal(t, before+1, status(ctx, s, "Innodb_deadlocks"), "the server detected one deadlock")
}

// TestProofMeetsActivation commits the activation of a rival after a proof has read it as pending and before it writes.
// Like TestDeadlock, it does not run in parallel.
func TestProofMeetsActivation(t *testing.T) {
	s := migrated(t, shared)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rival, winner := registration("ada@example.org", 0), registration("ada@example.org", time.Second)
	persist(t, s, rival)
	persist(t, s, winner)

	tx, err := s.Pool().BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, "UPDATE users SET status = ? WHERE registration_id = ?", string(user.StatusActive), rival.ID)
	require.NoError(t, err)
	answered := proveBehindLock(ctx, t, s, winner)
	require.NoError(t, tx.Commit())

	got := <-answered
	require.NoError(t, got.error)
	require.Equal(t, user.Displaced{Released: []string{rival.ID}}, got.Displaced)
	require.Equal(t, user.StatusActive, persist(t, s, rival).Status, "the account stays")
}

type answer struct {
	user.Displaced
	error
}

// proveBehindLock starts to activate r by a code to its email and returns when a statement waits for a lock.
func proveBehindLock(ctx context.Context, t *testing.T, s *store.Store, r user.Registration) <-chan answer {
	t.Helper()
	answered := make(chan answer, 1)
	go func() {
		lost, err := s.Activate(ctx, user.Activation{Registration: r, At: time.Now(), EmailProven: true})
		answered <- answer{lost, err}
	}()
	waits := func() bool { return status(ctx, s, "Innodb_row_lock_current_waits") > 0 }
	require.Eventually(t, waits, 10*time.Second, time.Millisecond)
	return answered
}

func persist(t *testing.T, s *store.Store, r user.Registration) user.Persisted {
	t.Helper()
	p, err := s.Persist(t.Context(), r)
	require.NoError(t, err)
	return p
}

// status returns one of the server's counters, or -1.
func status(ctx context.Context, s *store.Store, name string) (n int) {
	if s.Pool().QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n) != nil {
		return -1
	}
	return n
}

// TestErrorsHoldNoPersonalData causes server errors whose text contains values, and first checks that it does.
func TestErrorsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	s := migrated(t, shared)
	const value = "ada.lovelace"
	taken := registration(value+"@example.org", 0)
	persist(t, s, taken)

	_, err := s.Activate(t.Context(), user.Activation{Registration: taken, At: time.Now(), EmailProven: true})
	require.NoError(t, err)
	_, raw := s.Pool().ExecContext(t.Context(), `INSERT INTO users (id, registration_id, email, email_canonical, password_hash,
		status, requested_at, email_verified_at, created_at, updated_at) SELECT UUID(), UUID(), email, email_canonical,
		password_hash, status, requested_at, email_verified_at, created_at, updated_at FROM users`)
	require.ErrorContains(t, raw, value)
	_, err = s.Persist(t.Context(), registration(value+"@example.org", time.Second))
	require.Equal(t, user.ErrEmailTaken, err)

	tooLong, badHash := registration("b@example.org", 0), registration("c@example.org", 0)
	tooLong.Profile.FirstName = strings.Repeat(value, 100)
	badHash.PasswordHash = value + "é"
	for r, number := range map[*user.Registration]string{&tooLong: "1406 (22001)", &badHash: "1366 (22007)"} {
		_, err := s.Persist(t.Context(), *r)
		require.EqualError(t, err, "persist user: mysql error "+number)
		var my *mysql.MySQLError
		require.NotErrorAs(t, err, &my)
	}
}

// TestQueryPlan checks that the query for a row's owners uses the three unique keys.
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

// TestAudiencePlan checks that the query for a page of a campaign uses the index of users who consented, here one in fifty.
func TestAudiencePlan(t *testing.T) {
	t.Parallel()
	s := migrated(t, shared)
	for _, statement := range []string{
		`INSERT INTO users (id, registration_id, email, email_canonical, password_hash, status, requested_at, email_verified_at, created_at, updated_at)
			SELECT CONCAT('01900000-0000-7000-8000-', LPAD(seq, 12, '0')), CONCAT('01900000-0000-8000-8000-', LPAD(seq, 12, '0')),
			CONCAT(seq, '@example.com'), CONCAT(seq, '@example.com'), 'x', 'active', UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM seq_1_to_5000`,
		`INSERT INTO profiles (user_id, first_name, last_name, locale, marketing_consent, consent_at)
			SELECT id, 'Ada', 'L', 'en', CAST(SUBSTR(id, 30) AS INT) % 50 = 7, UTC_TIMESTAMP() FROM users`,
		"ANALYZE TABLE users, profiles",
	} {
		_, err := s.Pool().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	people, err := s.Addressees(t.Context(), campaign.Audience{Before: time.Now().Add(time.Hour)}, "", 1000)
	require.NoError(t, err)
	require.Len(t, people, 100)

	var first string
	require.NoError(t, s.Pool().QueryRowContext(t.Context(), `EXPLAIN FORMAT=JSON SELECT users.email FROM profiles
		JOIN users ON users.id = profiles.user_id WHERE users.status = 'active' AND users.email_verified_at IS NOT NULL AND profiles.marketing_consent = TRUE
		AND profiles.user_id > ? ORDER BY profiles.user_id LIMIT 1000`, people[0].UserID).Scan(&first))
	require.Contains(t, first, `"key": "profiles_consent"`)
	require.NotContains(t, first, "filesort")
}

// TestKilledServer kills the server under load and restarts it: no error is a rule of package user, and nothing acknowledged
// is lost.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	own := startServer(t)
	acknowledged := make(chan stored, 100_000)
	failed := load(t, migrated(t, own), acknowledged)
	require.Eventually(t, func() bool { return len(acknowledged) > 100 }, 30*time.Second, time.Millisecond)

	own.Kill()
	for err := range failed {
		require.Empty(t, user.CodeOf(err))
		require.ErrorContains(t, err, "persist user: ")
		require.NotContains(t, err.Error(), "example.org")
	}
	s := own.reopen(t, firstDatabase, store.Options{})
	_, err := s.Pending(t.Context())
	require.Error(t, err)

	require.NoError(t, own.Start())
	s = own.reopen(t, firstDatabase, store.Options{})
	pending, err := s.Pending(t.Context())
	require.NoError(t, err)
	require.Zero(t, pending)
	close(acknowledged)
	for a := range acknowledged {
		require.Equal(t, a.id, persist(t, s, a.Registration).UserID)
	}
	var orphans int
	require.NoError(t, s.Pool().QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM users LEFT JOIN profiles ON user_id = id WHERE user_id IS NULL").Scan(&orphans))
	require.Zero(t, orphans)
}

// stored is a registration and the user id that the store returned for it.
type stored struct {
	user.Registration
	id string
}

// load starts callers that store registrations, each until its first error. It returns a channel of the errors, which is
// closed when the last caller has ended.
func load(t *testing.T, s *store.Store, acknowledged chan<- stored) <-chan error {
	const callers = 10
	failed := make(chan error, callers)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
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
		})
	}
	go func() {
		running.Wait()
		close(failed)
	}()
	return failed
}
