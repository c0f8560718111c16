package webhook_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/webhook"
)

// Two secrets of 24 bytes.
const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
	id        = "evt_1_crm"
)

var body = []byte(`{"type":"user.activated"}`)

// client returns a client of a server on this machine.
func client(t *testing.T, url string, secrets ...string) *webhook.Client {
	t.Helper()
	if len(secrets) == 0 {
		secrets = []string{oldSecret}
	}
	c, err := webhook.New(webhook.Options{Name: "crm", URL: url, Secrets: secrets, Timeout: 5 * time.Second, AllowPrivate: true})
	require.NoError(t, err)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestPostSignsWithEverySecret(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received, err := io.ReadAll(r.Body)
		if err == nil && string(received) == string(body) {
			requests <- r
		}
		w.WriteHeader(http.StatusNoContent)
	})
	require.NoError(t, client(t, url+"/events?tenant=1", oldSecret, newSecret).Post(t.Context(), id, body))
	r := <-requests
	require.Equal(t, http.MethodPost, r.Method)
	require.Equal(t, "/events?tenant=1", r.URL.String())
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	require.Equal(t, "registrar", r.Header.Get("User-Agent"))
	require.Equal(t, id, r.Header.Get("Webhook-Id"))
	require.Len(t, strings.Fields(r.Header.Get("Webhook-Signature")), 2)
	for _, secret := range []string{oldSecret, newSecret} {
		receiver, err := webhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, receiver.Verify(body, r.Header), secret)
		require.Error(t, receiver.Verify([]byte(`{"type":"user.erased"}`), r.Header))
	}
	stranger, err := webhooks.NewWebhook("whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy")
	require.NoError(t, err)
	require.Error(t, stranger.Verify(body, r.Header))
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "crm.example.com", "ftp://crm.example.com", "https://", "://"} {
		_, err := webhook.New(webhook.Options{URL: url, Secrets: []string{oldSecret}})
		require.EqualError(t, err, "webhook: the URL must start with http:// or https://")
	}
	_, err := webhook.New(webhook.Options{URL: "https://crm.example.com"})
	require.EqualError(t, err, "there is no secret")
	for _, secret := range []string{"", "s3cr3t", "whsec_", "whsec_s3cr3t", "whsec_c2hvcnQ=", strings.TrimPrefix(oldSecret, "whsec_")} {
		_, err := webhook.New(webhook.Options{URL: "https://crm.example.com", Secrets: []string{oldSecret, secret}})
		require.EqualError(t, err, `a secret must be "whsec_" and at least 24 bytes in base64`)
	}
}

// TestAnswers has the answers of a receiver, and what becomes of them.
func TestAnswers(t *testing.T) {
	t.Parallel()
	refusal := func(code string) *message.Error {
		return &message.Error{Provider: "crm", Failure: message.Unavailable, Code: code}
	}
	throttled := refusal("429")
	throttled.RetryAfter = 90 * time.Second
	down := refusal("503")
	down.RetryAfter = 24 * time.Hour
	gone := refusal("410")
	gone.Failure = message.Rejected
	for name, c := range map[string]struct {
		status int
		header string // Retry-After
		answer string
		want   *message.Error
	}{
		"200":                       {200, "", "ok", nil},
		"202":                       {202, "", "", nil},
		"204":                       {204, "", "", nil},
		"200 with a huge answer":    {200, "", strings.Repeat("x", 8<<20), nil},
		"200 with a Retry-After":    {200, "60", "", nil},
		"301":                       {301, "", "", refusal("301")},
		"307":                       {307, "", "", refusal("307")},
		"400":                       {400, "", "ada@example.com is unknown", refusal("400")},
		"401":                       {401, "", "", refusal("401")},
		"404":                       {404, "", "", refusal("404")},
		"410":                       {410, "60", "", gone},
		"429":                       {429, "", "", refusal("429")},
		"429 with a wait":           {429, "90", "", throttled},
		"500":                       {500, "", "", refusal("500")},
		"500 with a Retry-After":    {500, "60", "", refusal("500")},
		"503 with a very long wait": {503, "999999", "", down},
		"503 with a useless wait":   {503, "soon", "", refusal("503")},
		"500 with a huge answer":    {500, "", strings.Repeat("x", 8<<20), refusal("500")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					t.Errorf("the redirect to %s was followed", r.URL.Path)
				}
				w.Header().Set("Location", "/elsewhere")
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			})
			err := client(t, url).Post(t.Context(), id, body)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.want, err)
		})
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	hijack := func(w http.ResponseWriter, written string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, written)
			_ = conn.Close()
		}
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		url  string
		want string // code; "" is a success
	}{
		"refused":                  {closed.URL, "network"},
		"unknown host":             {"http://receiver.invalid", "dns"},
		"closed before the answer": {serve(t, func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }), "network"},
		"closed in the header":     {serve(t, func(w http.ResponseWriter, _ *http.Request) { hijack(w, "HTTP/1.1 200 OK\r\nConte") }), "network"},
		"no HTTP":                  {serve(t, func(w http.ResponseWriter, _ *http.Request) { hijack(w, "hello\r\n\r\n") }), "network"},
		"huge header": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 1<<20))
		}), "network"},
		"closed in the body of a 200": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")
		}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := client(t, c.url).Post(t.Context(), id, body)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, &message.Error{Provider: "crm", Failure: message.Unavailable, Code: c.want}, err)
		})
	}
}

func TestReceiverThatHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server closes
	c, err := webhook.New(webhook.Options{Name: "crm", URL: url, Secrets: []string{oldSecret}, Timeout: 50 * time.Millisecond, AllowPrivate: true})
	require.NoError(t, err)
	var refusal *message.Error
	require.ErrorAs(t, c.Post(t.Context(), id, body), &refusal)
	require.Equal(t, "timeout", refusal.Code)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorAs(t, client(t, url).Post(ctx, id, body), &refusal)
	require.Equal(t, "canceled", refusal.Code)
}

func TestPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the receiver was called") })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		c, err := webhook.New(webhook.Options{Name: "crm", URL: "http://" + net.JoinHostPort(host, port) + "/", Secrets: []string{oldSecret}})
		require.NoError(t, err)
		err = c.Post(t.Context(), id, body)
		require.EqualError(t, err, "crm: unavailable (private_address)")
	}
}
