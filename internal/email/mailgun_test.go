package email_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailgun/mailgun-go/v4"
	"github.com/mailgun/mailgun-go/v4/events"
	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
)

const (
	domain = "mg.example.com"
	apiKey = "key-0123456789abcdef"
)

var otp = message.Message{
	RegistrationID: "0198c0de-0000-7000-8000-000000000001",
	Kind:           message.KindOTP,
	Channel:        message.ChannelEmail,
	To:             "ada@example.org",
	Subject:        "123456 is your Registrar code",
	Text:           "Enter 123456",
	HTML:           "<p>Enter <b>123456</b></p>",
}

func sender(t *testing.T, apiBase string) *email.Mailgun {
	t.Helper()
	s, err := email.NewMailgun(email.MailgunOptions{
		Domain: domain, APIKey: apiKey, APIBase: apiBase, From: "Registrar <hello@mg.example.com>",
	})
	require.NoError(t, err)
	return s
}

// serve starts a substitute for Mailgun and returns its API base.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/v3"
}

// fail sends m and checks that the error is a message.Error without personal data.
func fail(t *testing.T, ctx context.Context, s message.Sender, m message.Message) *message.Error {
	t.Helper()
	receipt, err := s.Send(ctx, m)
	require.Zero(t, receipt)
	var e *message.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "mailgun", e.Provider)
	for _, secret := range []string{m.To, "@", "123456", apiKey, "key-", domain, "127.0.0.1", "parameter"} {
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, e.Code, secret)
	}
	return e
}

func TestMailgunSends(t *testing.T) {
	t.Parallel()
	mock := mailgun.NewMockServer()
	t.Cleanup(mock.Stop)
	before := len(mock.Events())

	receipt, err := sender(t, mock.URL()).Send(t.Context(), otp)

	require.NoError(t, err)
	require.Equal(t, "mailgun", receipt.Provider)
	require.Len(t, mock.Events(), before+1)
	accepted, ok := mock.Events()[before].(*events.Accepted)
	require.True(t, ok)
	require.Equal(t, accepted.Message.Headers.MessageID, receipt.MessageID)
	require.Equal(t, otp.To, accepted.Recipient)
	require.Equal(t, otp.Subject, accepted.Message.Headers.Subject)
	require.Equal(t, "Registrar <hello@mg.example.com>", accepted.Message.Headers.From)
}

func TestMailgunRequest(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, key, _ := r.BasicAuth(); user != "api" || key != apiKey {
			http.Error(w, "Forbidden", http.StatusUnauthorized)
			return
		}
		_ = r.ParseMultipartForm(1 << 20)
		got, _ := json.Marshal(r.MultipartForm.Value)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": "<" + r.Method + " " + r.URL.Path + " " + string(got) + ">"})
	})
	receipt, err := sender(t, base+"/").Send(t.Context(), otp)
	require.NoError(t, err)
	method, rest, _ := strings.Cut(receipt.MessageID, " ")
	path, form, _ := strings.Cut(rest, " ")
	require.Equal(t, "POST /v3/mg.example.com/messages", method+" "+path)
	require.JSONEq(t, `{
		"from": ["Registrar <hello@mg.example.com>"],
		"to": ["ada@example.org"],
		"subject": ["123456 is your Registrar code"],
		"text": ["Enter 123456"],
		"html": ["<p>Enter <b>123456</b></p>"],
		"o:tag": ["otp"],
		"o:tracking": ["no"],
		"h:Auto-Submitted": ["auto-generated"],
		"v:registration_id": ["0198c0de-0000-7000-8000-000000000001"],
		"v:kind": ["otp"]
	}`, strings.ReplaceAll(strings.ReplaceAll(form, `\u003c`, "<"), `\u003e`, ">"))
}

func TestMailgunClassifiesResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   message.Failure
	}{
		"bad destination":  {400, `{"message":"'to' parameter is not a valid address. please check documentation"}`, message.Rejected},
		"no destination":   {400, `{"message":"to parameter is missing"}`, message.Rejected},
		"too long":         {413, `{"message":"Request Entity Too Large"}`, message.Rejected},
		"bad sender":       {400, `{"message":"'from' parameter is not a valid address. please check documentation"}`, message.Misconfigured},
		"sandbox, old":     {400, `{"message":"Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized recipients in Account Settings."}`, message.Misconfigured},
		"sandbox":          {403, `{"message":"Domain sandbox1.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only."}`, message.Misconfigured},
		"unverified":       {403, `{"message":"The domain is unverified and requires DNS configuration."}`, message.Misconfigured},
		"wrong key":        {401, `Forbidden`, message.Misconfigured},
		"unpaid":           {402, `{"message":"Payment Required"}`, message.Misconfigured},
		"wrong region":     {404, `{"message":"Domain not found: mg.example.com"}`, message.Misconfigured},
		"moved":            {301, ``, message.Misconfigured},
		"throttled":        {429, `{"message":"Too many requests"}`, message.Unavailable},
		"over the limit":   {420, `{"message":"Domain mg.example.com is not allowed to send: recipient limit exceeded"}`, message.Unavailable},
		"internal error":   {500, `{"message":"Internal Server Error for ada@example.org"}`, message.Unavailable},
		"bad gateway":      {502, `<html>bad gateway</html>`, message.Unavailable},
		"unavailable":      {503, ``, message.Unavailable},
		"unheard of":       {418, `short and stout`, message.Unavailable},
		"not JSON":         {200, `<html>captive portal</html>`, message.Unavailable},
		"no message id":    {200, `{"message":"Queued. Thank you."}`, message.Unavailable},
		"empty message id": {200, `{"id":"<>","message":"Queued. Thank you."}`, message.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			e := fail(t, t.Context(), sender(t, base), otp)
			require.Equal(t, c.want, e.Failure)
			require.Zero(t, e.RetryAfter)
			if c.status == http.StatusOK {
				require.Equal(t, "unreadable", e.Code)
				require.True(t, e.Unknown)
			} else {
				require.False(t, e.Unknown)
				require.Equal(t, strconv.Itoa(c.status), e.Code)
			}
		})
	}
}

func TestMailgunRetryAfter(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(90 * time.Second).UTC()
	limit := `{"message":"Domain mg.example.com is not allowed to send: recipient limit exceeded, try again after %"}`
	for name, c := range map[string]struct {
		status       int
		header, body string
		least, most  time.Duration
	}{
		"seconds":          {429, "17", "{}", 17 * time.Second, 17 * time.Second},
		"date":             {429, soon.Format(http.TimeFormat), "{}", 60 * time.Second, 90 * time.Second},
		"past date":        {429, "Mon, 25 Aug 2025 07:00:31 GMT", "{}", 0, 0},
		"503":              {503, "5", "", 5 * time.Second, 5 * time.Second},
		"in the body":      {420, "", strings.Replace(limit, "%", soon.Format(time.RFC1123), 1), 60 * time.Second, 90 * time.Second},
		"in a 403":         {403, "", strings.Replace(limit, "%", soon.Format(time.RFC1123), 1), 60 * time.Second, 90 * time.Second},
		"past in the body": {420, "", strings.Replace(limit, "%", "Mon, 25 Aug 2025 07:00:31 UTC", 1), 0, 0},
		"not a date":       {420, "", strings.Replace(limit, "%", "Mon, 99 Aug 2025 07:00:31 UTC", 1), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			e := fail(t, t.Context(), sender(t, base), otp)
			require.Equal(t, message.Unavailable, e.Failure)
			require.GreaterOrEqual(t, e.RetryAfter, c.least)
			require.LessOrEqual(t, e.RetryAfter, c.most)
		})
	}
}

func TestMailgunTimeout(t *testing.T) {
	t.Parallel()
	for name, partial := range map[string]string{"before the answer": "", "within the answer": `{"id":"<`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if partial != "" {
					_, _ = io.WriteString(w, partial)
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
				close(gone)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			e := fail(t, ctx, sender(t, base), otp)
			require.Equal(t, message.Error{Provider: "mailgun", Failure: message.Unavailable, Code: "timeout", Unknown: true}, *e)
			await(t, gone)
		})
	}
}

func TestMailgunCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	require.Equal(t, "canceled", fail(t, ctx, sender(t, base), otp).Code)
}

func TestMailgunUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	e := fail(t, t.Context(), sender(t, server.URL+"/v3"), otp)
	require.Equal(t, message.Error{Provider: "mailgun", Failure: message.Unavailable, Code: "network"}, *e)
}

func TestMailgunEmptyMessage(t *testing.T) {
	t.Parallel()
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("Mailgun was called") })
	e := fail(t, t.Context(), sender(t, base), message.Message{Kind: message.KindOTP, To: "ada@example.org"})
	require.Equal(t, message.Error{Provider: "mailgun", Failure: message.Rejected, Code: "invalid_message"}, *e)
}

func TestMailgunOptions(t *testing.T) {
	t.Parallel()
	good := email.MailgunOptions{Domain: domain, APIKey: apiKey, From: "hello@mg.example.com"}
	for reason, invalidate := range map[string]func(*email.MailgunOptions){
		`domain ""`:             func(o *email.MailgunOptions) { o.Domain = "" },
		`domain "mg.x/../y"`:    func(o *email.MailgunOptions) { o.Domain = "mg.x/../y" },
		"API key is missing":    func(o *email.MailgunOptions) { o.APIKey = "" },
		`API base "mailgun"`:    func(o *email.MailgunOptions) { o.APIBase = "mailgun" },
		`API base "https://a/"`: func(o *email.MailgunOptions) { o.APIBase = "https://a/" },
		`sender "hello"`:        func(o *email.MailgunOptions) { o.From = "hello" },
	} {
		o := good
		invalidate(&o)
		_, err := email.NewMailgun(o)
		require.ErrorContains(t, err, reason)
		require.NotContains(t, err.Error(), apiKey)
	}
	for _, base := range []string{"", email.MailgunUS, email.MailgunEU} {
		o := good
		o.APIBase = base
		_, err := email.NewMailgun(o)
		require.NoError(t, err)
	}
}

func TestMailgunUsesTheGivenClient(t *testing.T) {
	t.Parallel()
	broken := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("to ada@example.org") })
	s, err := email.NewMailgun(email.MailgunOptions{
		Domain: domain, APIKey: apiKey, From: "hello@mg.example.com", HTTPClient: &http.Client{Transport: broken},
	})
	require.NoError(t, err)
	require.Equal(t, "network", fail(t, t.Context(), s, otp).Code)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection outlived the call")
	}
}
