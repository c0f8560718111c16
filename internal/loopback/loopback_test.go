package loopback_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/loopback"
)

func request(t *testing.T, method, host string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	r.Host = host
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return r
}

func TestIsHost(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"localhost", "localhost:8233", "127.0.0.1", "127.0.0.1:8233", "127.8.9.1:80", "[::1]", "[::1]:8233"} {
		require.True(t, loopback.IsHost(host), host)
	}
	for _, host := range []string{"", "evil.example", "evil.example:8233", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1:8233", "0.0.0.0"} {
		require.False(t, loopback.IsHost(host), host)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const host = "localhost:8233"
	for name, r := range map[string]*http.Request{
		"a program":           request(t, http.MethodPost, host),
		"its own page":        request(t, http.MethodPost, host, "Origin", "http://localhost:8233", "Sec-Fetch-Site", "same-origin"),
		"its own page, older": request(t, http.MethodPost, host, "Origin", "http://localhost:8233"),
		"reading":             request(t, http.MethodGet, host, "Sec-Fetch-Site", "cross-site"),
	} {
		require.True(t, loopback.Check(r), name)
	}
	for name, r := range map[string]*http.Request{
		"another host name":        request(t, http.MethodGet, "evil.example:8233"),
		"another host name writes": request(t, http.MethodPost, "evil.example:8233", "Origin", "http://evil.example:8233", "Sec-Fetch-Site", "same-origin"),
		"another origin":           request(t, http.MethodPost, host, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
		"another origin, older":    request(t, http.MethodPost, host, "Origin", "https://evil.example"),
		"a sandbox":                request(t, http.MethodPost, host, "Origin", "null"),
		"another port":             request(t, http.MethodPost, host, "Origin", "http://localhost:9999", "Sec-Fetch-Site", "same-site"),
	} {
		require.False(t, loopback.Check(r), name)
	}
}

func TestHostOnly(t *testing.T) {
	t.Parallel()
	h := loopback.HostOnly(http.NotFoundHandler())
	for host, want := range map[string]int{"localhost:8080": http.StatusNotFound, "evil.example:8080": http.StatusForbidden} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(t, http.MethodGet, host))
		require.Equal(t, want, w.Code)
	}
}
