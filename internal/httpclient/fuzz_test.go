package httpclient_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/httpclient"
)

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"0", "120", "-1", "+1", "1.5", "1e3", "2147483648", "9223372036854775807", "99999999999999999999", " 1", "1, 2", "",
		"Tue, 01 Dec 2026 12:00:30 GMT", "Tuesday, 01-Dec-26 12:00:30 GMT", "Tuesday, 01-Dec-26 12:00:00,1 GMT", "Tue Dec  1 12:00:30 2026", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0000 00:00:00 GMT",
	} {
		f.Add(seed)
	}
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		wait := httpclient.RetryAfter(http.Header{"Retry-After": {value}}, now)
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.LessOrEqual(t, wait, 24*time.Hour)
	})
}
