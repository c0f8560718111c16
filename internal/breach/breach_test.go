package breach

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// SHA-1 of "password" is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8.
const (
	prefix = "5BAA6"
	suffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"
)

func setup(t *testing.T, handler http.HandlerFunc) *Checker {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return New(Options{URL: server.URL + "/", HTTPClient: server.Client(), Timeout: time.Minute})
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func TestFound(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("0", 35)
	for name, tt := range map[string]struct {
		answer string
		found  bool
	}{
		"listed":            {answer: other + ":3\r\n" + suffix + ":10434004\r\n", found: true},
		"listed last":       {answer: other + ":3\r\n" + suffix + ":1", found: true},
		"lower case mirror": {answer: strings.ToLower(suffix) + ":1\n", found: true},
		"padding":           {answer: other + ":0\r\n" + suffix + ":0\r\n"},
		"not listed":        {answer: other + ":3\r\n"},
		"empty":             {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := setup(t, answer(tt.answer)).Found(t.Context(), "password")
			require.NoError(t, err)
			require.Equal(t, tt.found, found)
		})
	}
}

func TestOnlyThePrefixIsSent(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 1)
	c := setup(t, func(_ http.ResponseWriter, r *http.Request) { requests <- r })

	_, err := c.Found(t.Context(), "password")

	require.NoError(t, err)
	r := <-requests
	require.Equal(t, http.MethodGet, r.Method)
	require.Equal(t, "/range/"+prefix, r.URL.RequestURI())
	require.Equal(t, "true", r.Header.Get("Add-Padding"))
	require.Zero(t, r.ContentLength)
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"status":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"not lines": answer("<html>"),
		"count":     answer(suffix + ":many"),
		"endless":   answer(strings.Repeat(strings.Repeat("0", 35)+":1\r\n", maxAnswer/30)),
		"one line":  answer(strings.Repeat("0", maxAnswer)),
		"cut short": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "99") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := setup(t, handler).Found(t.Context(), "password")
			require.Error(t, err)
			require.False(t, found)
			require.NotContains(t, err.Error(), prefix)
		})
	}
}

func TestUnresponsiveServiceTimesOut(t *testing.T) {
	t.Parallel()
	c := setup(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.timeout = time.Millisecond

	_, err := c.Found(t.Context(), "password")

	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotContains(t, err.Error(), prefix)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(answer(suffix + ":1"))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(server.Close)
	_, err := New(Options{URL: server.URL, Timeout: time.Minute}).Found(t.Context(), "password")
	require.ErrorContains(t, err, "unexpected status 302")
}

func TestBadURL(t *testing.T) {
	t.Parallel()
	_, err := New(Options{URL: "http://bad host"}).Found(t.Context(), "password")
	require.Error(t, err)
	require.NotContains(t, err.Error(), prefix)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	require.Equal(t, DefaultURL, c.url)
	require.Equal(t, DefaultTimeout, c.timeout)
	require.NotNil(t, c.client)
}
