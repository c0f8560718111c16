package sms_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

var webhookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

var text = message.Message{
	RegistrationID: "0198c0de-0000-7000-8000-000000000001", Kind: message.KindOTP, Sequence: 2,
	Channel: message.ChannelSMS, To: "+15005550006", Text: "Your \"code\" is\n123456 <ok>",
}

func webhook(t *testing.T, h http.HandlerFunc, body string) *sms.Webhook {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	w, err := sms.NewWebhook(sms.WebhookOptions{URL: server.URL + "/send?x=1", Secret: webhookSecret, Body: body})
	require.NoError(t, err)
	return w
}

func refusal(t *testing.T, ctx context.Context, w *sms.Webhook) message.Error {
	t.Helper()
	receipt, err := w.Send(ctx, text)
	require.Zero(t, receipt)
	e, ok := errors.AsType[*message.Error](err)
	require.True(t, ok, "%v", err)
	for _, secret := range []string{"5005550006", "123456", "127.0.0.1", "whsec"} {
		require.NotContains(t, err.Error(), secret)
	}
	return *e
}

func TestWebhookRequest(t *testing.T) {
	t.Parallel()
	const id = "msg_0198c0de-0000-7000-8000-000000000001_otp_2"
	verifier, err := webhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	var bodies []string
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil || r.Header.Get("webhook-id") != id ||
			r.Method != http.MethodPost || r.URL.RequestURI() != "/send?x=1" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		bodies = append(bodies, string(body))
		w.WriteHeader(http.StatusAccepted)
	}
	w := webhook(t, h, "")
	for range 2 {
		receipt, err := w.Send(t.Context(), text)
		require.NoError(t, err)
		require.Equal(t, message.Receipt{Provider: "webhook", MessageID: id}, receipt)
	}
	require.Len(t, bodies, 2)
	require.Equal(t, bodies[0], bodies[1], "a retry sends the same request")
	require.JSONEq(t, `{"id": "`+id+`", "to": "+15005550006", "text": "Your \"code\" is\n123456 <ok>", "kind": "otp"}`, bodies[0])

	own := webhook(t, h, `{"messages":[{"dst":{{json .To}},"body":{{json .Text}}}]}`)
	_, err = own.Send(t.Context(), text)
	require.NoError(t, err)
	require.JSONEq(t, `{"messages": [{"dst": "+15005550006", "body": "Your \"code\" is\n123456 <ok>"}]}`, bodies[2])
}

func TestWebhookReceipt(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"sm-1","status":"queued"}`: "sm-1",
		`{"id":17}`:                       "msg_",
		`{}`:                              "msg_",
		`queued`:                          "msg_",
		`{"id":"` + strings.Repeat("x", 256) + `"}`: "msg_",
	} {
		w := webhook(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }, "")
		receipt, err := w.Send(t.Context(), text)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(receipt.MessageID, want), "%s: %s", body, receipt.MessageID)
	}
}

func TestWebhookIDs(t *testing.T) {
	t.Parallel()
	w := webhook(t, func(http.ResponseWriter, *http.Request) {}, "")
	seen := map[string]bool{}
	for _, change := range []func(*message.Message){
		func(*message.Message) {},
		func(m *message.Message) { m.Sequence = 3 },
		func(m *message.Message) { m.Kind = message.KindCompletion },
		func(m *message.Message) { m.RegistrationID = "another" },
		func(m *message.Message) { m.RegistrationID = "" },
		func(m *message.Message) { m.RegistrationID = "" },
	} {
		m := text
		change(&m)
		receipt, err := w.Send(t.Context(), m)
		require.NoError(t, err)
		require.NotContains(t, receipt.MessageID, ".")
		seen[receipt.MessageID] = true
	}
	require.Len(t, seen, 6)
}

func TestWebhookClassifiesResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   message.Failure
		code   string
	}{
		"bad number":       {422, `{"code":"invalid_number"}`, message.Rejected, "invalid_number"},
		"bad number, bare": {422, ``, message.Rejected, "422"},
		"code is a number": {422, `{"code":"to15005550006"}`, message.Rejected, "422"},
		"code is a text":   {422, `{"code":"cannot send 123456"}`, message.Rejected, "422"},
		"not understood":   {400, `{"code":"bad_request"}`, message.Misconfigured, "bad_request"},
		"wrong signature":  {401, `{}`, message.Misconfigured, "401"},
		"forbidden":        {403, ``, message.Misconfigured, "403"},
		"wrong address":    {404, `<html>`, message.Misconfigured, "404"},
		"gone":             {410, ``, message.Misconfigured, "410"},
		"moved":            {307, ``, message.Misconfigured, "307"},
		"throttled":        {429, `{"code":"slow_down"}`, message.Unavailable, "slow_down"},
		"timeout":          {408, ``, message.Unavailable, "408"},
		"broken":           {500, `{"code":7}`, message.Unavailable, "500"},
		"away":             {503, ``, message.Unavailable, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := webhook(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "17")
				w.Header().Set("Location", "http://example.com/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}, "")
			want := message.Error{Provider: "webhook", Failure: c.want, Code: c.code}
			if c.want == message.Unavailable {
				want.RetryAfter = 17 * time.Second
			}
			require.Equal(t, want, refusal(t, t.Context(), w))
		})
	}
}

func TestWebhookTimeout(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	w := webhook(t, func(http.ResponseWriter, *http.Request) { <-over }, "")
	t.Cleanup(func() { close(over) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Equal(t, message.Error{Provider: "webhook", Failure: message.Unavailable, Code: "timeout"}, refusal(t, ctx, w))
}

func TestWebhookDeadlineOverridesClientTimeout(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	w, err := sms.NewWebhook(sms.WebhookOptions{
		URL: server.URL, Secret: webhookSecret, HTTPClient: &http.Client{Timeout: time.Nanosecond},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = w.Send(ctx, text)
	require.NoError(t, err)
	require.Equal(t, "timeout", refusal(t, t.Context(), w).Code)
}

func TestWebhookOptions(t *testing.T) {
	t.Parallel()
	for reason, spoil := range map[string]func(*sms.WebhookOptions){
		"the URL":                   func(o *sms.WebhookOptions) { o.URL = "" },
		"URL must start with http":  func(o *sms.WebhookOptions) { o.URL = "ftp://sms.example.com" },
		"not contain a user":        func(o *sms.WebhookOptions) { o.URL = "https://a:hush@sms.example.com" },
		"a secret":                  func(o *sms.WebhookOptions) { o.Secret = "" },
		"secret must be":            func(o *sms.WebhookOptions) { o.Secret = strings.TrimPrefix(webhookSecret, "whsec_") },
		"in base64":                 func(o *sms.WebhookOptions) { o.Secret = "whsec_hush hush hush hush hush hush hush hush" },
		"at least 24 bytes":         func(o *sms.WebhookOptions) { o.Secret = "whsec_aHVzaA==" },
		"unclosed action":           func(o *sms.WebhookOptions) { o.Body = "{{json .To" },
		"can't evaluate field From": func(o *sms.WebhookOptions) { o.Body = "{{json .From}}" },
		"is not JSON":               func(o *sms.WebhookOptions) { o.Body = `{"to":"{{.To}}","text":"{{.Text}}"}` },
	} {
		o := sms.WebhookOptions{URL: "https://sms.example.com", Secret: webhookSecret}
		spoil(&o)
		_, err := sms.NewWebhook(o)
		require.ErrorContains(t, err, reason)
		require.NotContains(t, err.Error(), "hush")
		require.NotContains(t, err.Error(), "aHVz")
	}
}

// TestWebhookExampleOfTheDocumentation checks the documented signature that gateways can test their code with.
func TestWebhookExampleOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "notifications.md"))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "```http\n")
	require.True(t, found)
	example, _, _ := strings.Cut(after, "\n```")
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(example, "\n", "\r\n"))))
	require.NoError(t, err)
	_, body, _ := strings.Cut(example, "\n\n")
	secret := regexp.MustCompile("whsec_[A-Za-z0-9+/]{30,}=*").FindString(string(page))
	verifier, err := webhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.VerifyIgnoringTimestamp([]byte(body), req.Header))
}
