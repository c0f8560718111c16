package httpclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                                0,
		"0":                               0,
		"17":                              17 * time.Second,
		"-5":                              0,
		"1.5":                             0,
		"soon":                            0,
		"2147483647":                      24 * time.Hour,
		"99999999999999999999":            0,
		"Fri, 02 Jan 2026 03:05:05 GMT":   time.Minute,
		"Fri, 02 Jan 2026 03:04:00 GMT":   0,
		"Fri, 02 Jan 2099 03:04:00 GMT":   24 * time.Hour,
		"Friday, 02-Jan-26 03:04:35 GMT":  30 * time.Second,
		"Fri, 02 Jan 2026 03:05:05 +0000": 0,
	} {
		h := http.Header{}
		h.Set("Retry-After", value)
		require.Equal(t, want, httpclient.RetryAfter(h, now), "Retry-After: %q", value)
	}
	require.Zero(t, httpclient.RetryAfter(nil, now))
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	trusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	trusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	trusted.StartTLS()
	t.Cleanup(trusted.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()

	call := func(url string) error {
		resp, err := httpclient.New().Get(url)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	for code, err := range map[string]error{
		"timeout":    context.DeadlineExceeded,
		"canceled":   context.Canceled,
		"dns":        call("http://no-such-host.invalid"),
		"tls":        call(trusted.URL),
		"network":    call(closed.URL),
		"unreadable": json.Unmarshal([]byte("<html>"), &struct{}{}),
	} {
		require.Error(t, err, code)
		got := httpclient.NoAnswer("acme", err)
		require.Equal(t, message.Error{Provider: "acme", Failure: message.Unavailable, Code: code}, *got)
		require.Equal(t, "acme: unavailable ("+code+")", got.Error())
	}
	require.Equal(t, "unreadable", httpclient.NoAnswer("acme", errors.New("+15005550006")).Code)
}

func TestHTTPClientDoesNotFollowRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	provider := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(provider.Close)

	client := httpclient.New()
	require.NotZero(t, client.Timeout)
	resp, err := client.Post(provider.URL, "text/plain", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, resp.StatusCode)
}
