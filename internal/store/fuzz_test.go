package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzParseDSN(f *testing.F) {
	const secret = "Zq7-never-in-an-error"
	for _, seed := range [][3]string{
		{"", "", "tcp(127.0.0.1:3306)/registrar"}, {"a@", "/b", "tcp(h)/d"}, {":", "?", "unix(/tmp/s)/d?timeout=1s"}, {"", "", "h:3306/d"},
		{"", "", "/"}, {"", "", "tcp(h)"}, {"a/b@", "/x", "tcp(h:3306)"}, {"", "", "tcp(h)/d?parseTime=x"}, {"", "", "tcp(h)/d?charset=latin1&loc=Local"},
		{"", "", "tcp(h)/d?time_zone='x'&innodb_lock_wait_timeout=0"}, {"", "", "tcp([::1]:3306)/d"}, {"%", "%2F", "tcp(h)/d%2F"}, {"", "", "tcp(h)/d?tls=x"},
		{"", "", "tcp(h)/d?collation=utf8mb4_bin&multiStatements=true&allowAllFiles=true"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, before, behind, rest string) {
		password := before + secret + behind
		c, err := parseDSN("registrar:" + password + "@" + rest)
		if err != nil {
			require.NotContains(t, err.Error(), secret)
			return
		}
		require.NotEmpty(t, c.DBName)
		require.Equal(t, time.UTC, c.Loc)
		require.True(t, c.ParseTime && c.ClientFoundRows && c.RejectReadOnly)
		require.Equal(t, "'TRADITIONAL'", c.Params["sql_mode"])
		require.Equal(t, "'+00:00'", c.Params["time_zone"])
	})
}
