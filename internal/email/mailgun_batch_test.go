package email_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailgun/mailgun-go/v4"
	"github.com/mailgun/mailgun-go/v4/events"
	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
)

func TestMailgunSendsABatch(t *testing.T) {
	t.Parallel()
	mock := mailgun.NewMockServer()
	t.Cleanup(mock.Stop)
	before := len(mock.Events())
	receipt, err := sender(t, mock.URL()).SendBatch(t.Context(), batch(3))
	require.NoError(t, err)
	require.Equal(t, 3, receipt.Done)
	require.Empty(t, receipt.Rejected)
	accepted, ok := mock.Events()[before].(*events.Accepted)
	require.True(t, ok)
	require.Equal(t, message.Receipt{Provider: "mailgun", MessageID: accepted.Message.Headers.MessageID}, receipt.Receipt)
}

func TestMailgunBatchRequest(t *testing.T) {
	t.Parallel()
	var form map[string][]string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		form = r.MultipartForm.Value
		_, _ = io.WriteString(w, `{"id":"<1@mg.example.com>"}`)
	})
	receipt, err := sender(t, base).SendBatch(t.Context(), batch(2))
	require.NoError(t, err)
	require.Equal(t, message.BatchReceipt{Receipt: message.Receipt{Provider: "mailgun", MessageID: "1@mg.example.com"}, Done: 2}, receipt)

	values := form["recipient-variables"]
	require.Len(t, values, 1)
	require.JSONEq(t, `{
		"p0@example.org": {
			"first_name": "N<0>", "first_name_html": "N&lt;0&gt;",
			"unsubscribe": "https://register.example.com/v1/unsubscribe?token=t0&lang=en",
			"unsubscribe_html": "https://register.example.com/v1/unsubscribe?token=t0&amp;lang=en"
		},
		"p1@example.org": {
			"first_name": "N<1>", "first_name_html": "N&lt;1&gt;",
			"unsubscribe": "https://register.example.com/v1/unsubscribe?token=t1&lang=en",
			"unsubscribe_html": "https://register.example.com/v1/unsubscribe?token=t1&amp;lang=en"
		}
	}`, values[0])
	delete(form, "recipient-variables")
	require.Equal(t, map[string][]string{
		"from":                    {"Registrar <hello@mg.example.com>"},
		"to":                      {"p0@example.org", "p1@example.org"},
		"subject":                 {"News for %recipient.first_name%"},
		"text":                    {"Hi %recipient.first_name%, 100%\u2060recipient.first_name% %recipient.unsubscribe%"},
		"html":                    {`<p>Hi %recipient.first_name_html%</p><a href="%recipient.unsubscribe_html%">x</a>`},
		"o:tag":                   {"campaign"},
		"o:tracking":              {"no"},
		"h:Auto-Submitted":        {"auto-generated"},
		"h:List-Unsubscribe":      {"<%recipient.unsubscribe%>"},
		"h:List-Unsubscribe-Post": {"List-Unsubscribe=One-Click"},
		"v:campaign_id":           {"c-1"},
		"v:kind":                  {"campaign"},
	}, form)
}

func TestMailgunBatchTextIsNotATemplate(t *testing.T) {
	t.Parallel()
	var subject, variables string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		subject, variables = r.FormValue("subject"), r.FormValue("recipient-variables")
		_, _ = io.WriteString(w, `{"id":"<1@mg.example.com>"}`)
	})
	b := batch(1)
	b.Subject = message.Pattern{{Text: "50%"}, {Text: "recipient.x% %unsubscribe_url% %recipient"}, {Field: message.FieldFirstName}, {Text: " 100%"}}
	b.Recipients[0].FirstName = "%recipient.unsubscribe%"
	_, err := sender(t, base).SendBatch(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, "50%\u2060recipient.x% %\u2060unsubscribe_url% %\u2060recipient%recipient.first_name% 100%", subject)
	var values map[string]map[string]string
	require.NoError(t, json.Unmarshal([]byte(variables), &values))
	require.Equal(t, "%\u2060recipient.unsubscribe%", values["p0@example.org"]["first_name"])
}

func TestMailgunBatchWithABadAddress(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"message":"'to' parameter is not a valid address. please check documentation"}`,
		`{"message":"to parameter is not a valid address. please check documentation"}`,
		`To parameter is not a valid address`,
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			badAddress(t, answer)
		})
	}
}

func badAddress(t *testing.T, answer string) {
	t.Helper()
	var taken []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		to := r.MultipartForm.Value["to"]
		if slices.ContainsFunc(to, func(a string) bool { return strings.HasPrefix(a, "bad") }) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, answer)
			return
		}
		taken = append(taken, to...)
		_, _ = io.WriteString(w, `{"id":"<`+to[0]+`>"}`)
	})
	b := batch(11)
	var want []string
	for i := range b.Recipients {
		if i == 0 || i == 7 {
			b.Recipients[i].To = "bad"
		} else {
			want = append(want, b.Recipients[i].To)
		}
	}
	receipt, err := sender(t, base).SendBatch(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, 11, receipt.Done)
	require.Equal(t, []int{0, 7}, receipt.Rejected)
	require.Equal(t, []int{0, 7}, receipt.Gone)
	require.Equal(t, "p1@example.org", receipt.MessageID)
	require.Equal(t, want, taken, "every other recipient once, in order")

	b.Recipients = b.Recipients[:1]
	receipt, err = sender(t, base).SendBatch(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, message.BatchReceipt{Done: 1, Rejected: []int{0}}, receipt, "no recipient was accepted")
}

func TestMailgunBatchRefusedForAnotherParameter(t *testing.T) {
	t.Parallel()
	calls := 0
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"'reply-to' parameter is not a valid address. please check documentation"}`)
	})
	receipt, err := sender(t, base).SendBatch(t.Context(), batch(4))
	require.Equal(t, &message.Error{Provider: "mailgun", Failure: message.Rejected, Code: "400"}, err)
	require.Zero(t, receipt)
	require.Equal(t, 1, calls, "no recipient is the cause, so the batch is not halved")
}

func TestMailgunBatchRefused(t *testing.T) {
	t.Parallel()
	calls := 0
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		_ = r.ParseMultipartForm(1 << 20)
		switch {
		case len(r.MultipartForm.Value["to"]) > 2:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":"'to' parameter is not a valid address. please check documentation"}`)
		case calls == 2:
			_, _ = io.WriteString(w, `{"id":"<first>"}`)
		default:
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	receipt, err := sender(t, base).SendBatch(t.Context(), batch(4))
	e, ok := errors.AsType[*message.Error](err)
	require.True(t, ok)
	require.Equal(t, message.Unavailable, e.Failure)
	require.NotZero(t, e.RetryAfter)
	require.Equal(t, 2, receipt.Done, "the recipients accepted before the refusal are done")
	require.Equal(t, "first", receipt.MessageID)

	receipt, err = sender(t, base).SendBatch(t.Context(), batch(message.MaxBatch+1))
	require.Equal(t, &message.Error{Provider: "mailgun", Failure: message.Rejected, Code: "invalid_message"}, err)
	require.Zero(t, receipt)
	receipt, err = sender(t, base).SendBatch(t.Context(), batch(0))
	require.NoError(t, err)
	require.Zero(t, receipt)
}

// TestMailgunDeadlineOverridesClientTimeout uses a client whose own timeout is too short for any call.
func TestMailgunDeadlineOverridesClientTimeout(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"<1@mg.example.com>"}`) })
	s, err := email.NewMailgun(email.MailgunOptions{
		Domain: domain, APIKey: apiKey, APIBase: base, From: "hello@mg.example.com", HTTPClient: &http.Client{Timeout: time.Nanosecond},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	receipt, err := s.SendBatch(ctx, batch(3))
	require.NoError(t, err)
	require.Equal(t, 3, receipt.Done)
	require.Equal(t, "timeout", fail(t, t.Context(), s, otp).Code, "without a deadline the client's timeout applies")
}

func TestMailgunBatchStopsInTime(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	calls := 0
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		_ = r.ParseMultipartForm(1 << 20)
		if len(r.MultipartForm.Value["to"]) > 2 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":"to parameter is not a valid address. please check documentation"}`)
			return
		}
		close(stop)
		_, _ = io.WriteString(w, `{"id":"<first>"}`)
	})
	receipt, err := sender(t, base).SendBatch(message.WithStop(t.Context(), stop), batch(8))
	require.NoError(t, err)
	require.Equal(t, 2, receipt.Done)
	require.Equal(t, "first", receipt.MessageID)
	require.Equal(t, 3, calls, "calls with eight, four and two recipients")
}
