package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/user"
)

// secret replaces every value that must not appear in errors or logs.
const secret = "ada-lovelace"

var sensitive = user.Registration{
	ID: "0198c0de-0000-4000-8000-000000000001",
	Profile: user.Profile{
		FirstName: secret, LastName: secret, Username: secret, Email: secret, EmailCanonical: secret, Mobile: secret,
	},
	PasswordHash: secret,
}

func mysqlError(number uint16) error {
	return &mysql.MySQLError{Number: number, SQLState: [5]byte([]byte("HY000")), Message: "about '" + secret + "'"}
}

func TestRetriesLockConflicts(t *testing.T) {
	t.Parallel()
	for _, number := range []uint16{mysqlDeadlock, mysqlLockWaitTimeout, mysqlChanged} {
		left := 3
		failThreeTimes := func() error {
			if left--; left >= 0 {
				return mysqlError(number)
			}
			return nil
		}
		inserts := 0
		atCommit := openFake(t, &fake{exec: func(string) error { inserts++; return nil }, commit: failThreeTimes}, Options{})
		p, err := atCommit.Persist(t.Context(), sensitive)
		require.NoError(t, err)
		require.Equal(t, user.StatusPending, p.Status)
		require.Equal(t, 4*2, inserts, "user and profile are written again after each failed commit")

		left = 3
		atStatement := openFake(t, &fake{exec: func(string) error { return failThreeTimes() }}, Options{})
		require.NoError(t, expire(t.Context(), atStatement, sensitive.ID))
	}
}

func expire(ctx context.Context, s *Store, registrationID string) error {
	_, err := s.Expire(ctx, registrationID, event.ReasonNotVerified)
	return err
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	attempts := 0
	s := openFake(t, &fake{exec: func(string) error { attempts++; return mysqlError(mysqlDeadlock) }}, Options{})
	err := expire(t.Context(), s, sensitive.ID)
	require.EqualError(t, err, "expire user: mysql error 1213 (HY000)")
	require.Equal(t, retryLimit, attempts)
}

func TestRetriesEndWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := openFake(t, &fake{exec: func(string) error { cancel(); return mysqlError(mysqlDeadlock) }}, Options{})
	require.ErrorIs(t, expire(ctx, s, sensitive.ID), context.Canceled)
}

func TestRacesAreBounded(t *testing.T) {
	t.Parallel()
	inserts := 0
	s := openFake(t, &fake{exec: func(string) error { inserts++; return mysqlError(mysqlDuplicate) }}, Options{})
	_, err := s.Persist(t.Context(), sensitive)
	require.ErrorIs(t, err, errContended)
	require.Empty(t, user.CodeOf(err), "without a code, the caller retries")
	require.Equal(t, raceLimit, inserts)
}

func TestErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	for _, number := range []uint16{1062, 1064, 1292, 1366, 1406, 1452} {
		s := openFake(t, &fake{commit: func() error { return mysqlError(number) }}, Options{})
		_, err := s.Persist(t.Context(), sensitive)
		require.Error(t, err)
		require.NotContains(t, fmt.Sprintf("%s %+v %#v", err, err, err), secret)
		var my *mysql.MySQLError
		require.NotErrorAs(t, err, &my)
	}
	s := openFake(t, &fake{exec: func(string) error { return mysql.ErrInvalidConn }}, Options{})
	require.ErrorIs(t, expire(t.Context(), s, sensitive.ID), mysql.ErrInvalidConn)
}

type codedError int

func (e codedError) Error() string { return secret }
func (e codedError) Code() int     { return int(e) }

func TestSQLiteErrors(t *testing.T) {
	t.Parallel()
	busySnapshot, duplicate := fmt.Errorf("exec: %w", codedError(517)), codedError(2067)
	require.True(t, isLockConflict(busySnapshot))
	require.False(t, isLockConflict(duplicate))
	require.True(t, isDuplicate(duplicate))
	require.False(t, isDuplicate(busySnapshot))
	require.EqualError(t, safe(busySnapshot), "sqlite error 517")
}

func TestSlowStatementsAreLoggedWithoutValues(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))

	slow := openFake(t, &fake{}, Options{Logger: log, SlowQuery: time.Nanosecond})
	_, err := slow.Persist(t.Context(), sensitive)
	require.NoError(t, err)
	require.NoError(t, slow.SetMobile(t.Context(), sensitive.ID, secret))
	require.Contains(t, out.String(), "INSERT INTO `users`")
	require.Contains(t, out.String(), "UPDATE `users`")
	require.NotContains(t, out.String(), secret)

	out.Reset()
	failing := openFake(t, &fake{exec: func(string) error { return mysqlError(1064) }}, Options{Logger: log})
	require.Error(t, expire(t.Context(), failing, secret))
	require.Empty(t, out.String(), "an error is returned, not logged")
}

func TestDialectsHaveTheSameMigrations(t *testing.T) {
	t.Parallel()
	names := map[string][]string{}
	for _, dialect := range []string{"mysql", "sqlite"} {
		files, err := fs.ReadDir(migrations, "migrations/"+dialect)
		require.NoError(t, err)
		for _, f := range files {
			names[dialect] = append(names[dialect], f.Name())
		}
	}
	require.NotEmpty(t, names["mysql"])
	require.Equal(t, names["mysql"], names["sqlite"])
}
