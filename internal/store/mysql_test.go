package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDSNDefaults(t *testing.T) {
	t.Parallel()
	c, err := parseDSN("reg:p@ss:w/rd@tcp(db:3307)/users")
	require.NoError(t, err)
	require.Equal(t, []string{"reg", "p@ss:w/rd", "db:3307", "users"}, []string{c.User, c.Passwd, c.Addr, c.DBName})
	require.Equal(t, []time.Duration{5 * time.Second, 30 * time.Second, 30 * time.Second},
		[]time.Duration{c.Timeout, c.ReadTimeout, c.WriteTimeout})
	require.Equal(t, "3", c.Params["innodb_lock_wait_timeout"])
}

func TestDSNKeepsTimeoutsAndForcesRequiredSettings(t *testing.T) {
	t.Parallel()
	c, err := parseDSN("u@unix(/run/my.sock)/users?timeout=1s&readTimeout=2s&writeTimeout=3s&innodb_lock_wait_timeout=9" +
		"&parseTime=false&loc=Asia%2FTokyo&clientFoundRows=false&charset=latin1&sql_mode=''&time_zone='SYSTEM'")
	require.NoError(t, err)
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second},
		[]time.Duration{c.Timeout, c.ReadTimeout, c.WriteTimeout})
	require.Equal(t, map[string]string{
		"innodb_lock_wait_timeout": "9", "sql_mode": "'TRADITIONAL'", "time_zone": "'+00:00'",
	}, c.Params)
	require.True(t, c.ParseTime)
	require.True(t, c.ClientFoundRows)
	require.Equal(t, time.UTC, c.Loc)
	require.Contains(t, c.FormatDSN(), "charset=utf8mb4")
}

func TestDSNErrorsNameTheProblemAndHideThePassword(t *testing.T) {
	t.Parallel()
	for dsn, problem := range map[string]string{
		"":                                       "no slash",
		"u:secret@tcp(db:3306)":                  "no slash",
		"tcp(db:3306)/users":                     "no user",
		"u:secret/users":                         "no user",
		"u:secret@tcp(db:3306)/":                 "no database name",
		"u:secret@tcp(db:3306/users":             "not terminated",
		"u:secret@db:3306/users":                 "unknown",
		"mysql://u:secret@db:3306/users":         "unknown",
		"u:secret@tcp(db)/users?readTimeout=5":   "missing unit",
		"u:secret@tcp(db)/users?parseTime=maybe": "invalid bool",
		"u:secret@tcp(db)/users?tls=nowhere":     "unknown config name",
		"u:sec?ret@tcp(db)/users?parseTime=x":    "invalid bool",
		"u:a@secret/b@tcp(db:3306)":              "no slash",
	} {
		_, err := MySQL(dsn, nil)
		require.ErrorContains(t, err, problem, dsn)
		require.ErrorContains(t, err, "MySQL DSN: ")
		require.NotContains(t, err.Error(), "sec", dsn)
	}
}

func TestOpenDoesNotConnect(t *testing.T) {
	t.Parallel()
	dialector, err := MySQL("u:p@tcp(127.0.0.1:1)/users?timeout=1s", nil)
	require.NoError(t, err)
	s, err := Open(dialector, Options{})
	require.NoError(t, err)
	_, err = s.Pending(t.Context())
	require.ErrorContains(t, err, "check migrations: dial tcp 127.0.0.1:1")
	require.NoError(t, s.Close())
}
