package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/workflows"
)

const (
	mailgunBody = `{"signature":{"timestamp":"1","token":"t","signature":"00","new":1},"event-data":{"event":"failed"},"new":[]}`
	twilioBody  = "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&New=%2B1"
)

type fakeReports func(context.Context, message.Report) (message.Entry, bool, error)

func (f fakeReports) Report(ctx context.Context, r message.Report) (message.Entry, bool, error) {
	return f(ctx, r)
}

type fakeMailgun func(signature, event []byte) (message.Report, error)

func (f fakeMailgun) Read(signature, event []byte, _ time.Time) (message.Report, error) {
	return f(signature, event)
}

type fakeTwilio func(signature, target string, form url.Values) (message.Report, error)

func (f fakeTwilio) Read(signature, target string, form url.Values, _ time.Time) (message.Report, error) {
	return f(signature, target, form)
}

// undeliveredCode is the report of the fakes, and what the ledger has of its message.
var (
	undeliveredCode  = message.Report{Provider: "twilio", MessageID: "SM1", Status: message.StatusUndelivered, Code: "30003", At: now}
	undeliveredEntry = message.Entry{
		Key:     message.Key{RegistrationID: registrationID, Kind: message.KindOTP, Sequence: 2},
		Outcome: message.Outcome{Status: message.StatusUndelivered, Code: "30003", At: now},
	}
)

// hooks is an API that accepts every report as genuine, finds it in the ledger, and records the signals.
type hooks struct {
	*service
	webhooks Webhooks
	signals  []workflows.Undelivered
}

func setupHooks(t testing.TB, changes ...func(*Webhooks)) *hooks {
	t.Helper()
	h := &hooks{webhooks: Webhooks{
		Reports: fakeReports(func(context.Context, message.Report) (message.Entry, bool, error) {
			return undeliveredEntry, true, nil
		}),
		Mailgun: fakeMailgun(func([]byte, []byte) (message.Report, error) { return undeliveredCode, nil }),
		Twilio:  fakeTwilio(func(string, string, url.Values) (message.Report, error) { return undeliveredCode, nil }),
	}}
	for _, change := range changes {
		change(&h.webhooks)
	}
	h.service = setup(t, func(d *Deps) { d.Webhooks = h.webhooks })
	h.engine.undelivered = func(ctx context.Context, id string, in workflows.Undelivered) error {
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		require.Equal(t, registrationID, id)
		h.signals = append(h.signals, in)
		return nil
	}
	return h
}

// post posts a report to both addresses and returns the answers.
func (h *hooks) post(t *testing.T) []*httptest.ResponseRecorder {
	t.Helper()
	return []*httptest.ResponseRecorder{
		h.send(t, "POST", MailgunWebhookPath, mailgunBody), h.twilio(t, TwilioWebhookPath, twilioBody, "signature"),
	}
}

func (h *hooks) twilio(t *testing.T, target, body string, signatures ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	for _, s := range signatures {
		r.Header.Add("X-Twilio-Signature", s)
	}
	return h.serve(t, r)
}

func TestByteOrderMarkBeforeAReport(t *testing.T) {
	t.Parallel()
	h := setupHooks(t)
	require.Equal(t, 200, h.send(t, "POST", MailgunWebhookPath, "\ufeff"+mailgunBody).Code)
	requireProblem(t, h.send(t, "POST", MailgunWebhookPath, "\ufeff"), 400, openapi.ProblemCodeInvalidJSON)
	requireProblem(t, h.send(t, "POST", MailgunWebhookPath, "\ufeff\ufeff"+mailgunBody), 400, openapi.ProblemCodeInvalidJSON)
}

func TestReportsAreStored(t *testing.T) {
	t.Parallel()
	var seen []string
	h := setupHooks(t, func(w *Webhooks) {
		w.Mailgun = fakeMailgun(func(signature, event []byte) (message.Report, error) {
			seen = append(seen, string(signature), string(event))
			return undeliveredCode, nil
		})
		w.Twilio = fakeTwilio(func(signature, target string, form url.Values) (message.Report, error) {
			seen = append(seen, signature, target, form.Encode())
			return undeliveredCode, nil
		})
		w.Reports = fakeReports(func(ctx context.Context, r message.Report) (message.Entry, bool, error) {
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			require.Equal(t, undeliveredCode, r)
			return undeliveredEntry, true, nil
		})
	})
	require.Equal(t, 200, h.send(t, "POST", MailgunWebhookPath, mailgunBody).Code, "Mailgun repeats what is answered 204")
	require.Equal(t, 204, h.twilio(t, TwilioWebhookPath+"?b=%20&a=1", twilioBody, "signature").Code)
	values, err := url.ParseQuery(twilioBody)
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"timestamp":"1","token":"t","signature":"00","new":1}`, `{"event":"failed"}`,
		"signature", TwilioWebhookPath + "?b=%20&a=1", values.Encode(),
	}, seen, "the query is no part of the form")
	signal := workflows.Undelivered{Kind: message.KindOTP, Sequence: 2, Provider: "twilio"}
	require.Equal(t, []workflows.Undelivered{signal, signal}, h.signals)
}

func TestOnlyUndeliveredCodesAreSignaled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status message.Status
		change func(*message.Entry)
		found  bool
	}{
		"delivered":         {message.StatusDelivered, func(e *message.Entry) { e.Outcome.Status = message.StatusDelivered }, true},
		"complained before": {message.StatusUndelivered, func(e *message.Entry) { e.Outcome.Status = message.StatusComplained }, true},
		"complained":        {message.StatusComplained, func(e *message.Entry) { e.Outcome.Status = message.StatusComplained }, true},
		"welcome email":     {message.StatusUndelivered, func(e *message.Entry) { e.Kind = message.KindWelcome }, true},
		"unknown message":   {message.StatusUndelivered, func(e *message.Entry) { *e = message.Entry{} }, false},
		"nothing new":       {"", func(*message.Entry) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, entry := undeliveredCode, undeliveredEntry
			report.Status = tt.status
			tt.change(&entry)
			h := setupHooks(t, func(w *Webhooks) {
				w.Mailgun = fakeMailgun(func([]byte, []byte) (message.Report, error) { return report, nil })
				w.Twilio = fakeTwilio(func(string, string, url.Values) (message.Report, error) { return report, nil })
				w.Reports = fakeReports(func(context.Context, message.Report) (message.Entry, bool, error) {
					return entry, tt.found, nil
				})
			})
			for _, answer := range h.post(t) {
				require.Less(t, answer.Code, 300)
			}
			require.Empty(t, h.signals)
		})
	}
}

func TestRefusedReports(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		read, kept error
		status     int
		code       openapi.ProblemCode
	}{
		"not genuine":  {message.ErrNotGenuine, nil, 401, openapi.ProblemCodeUnauthorized},
		"unreadable":   {message.ErrUnreadable, nil, 406, openapi.ProblemCodeUnreadableReport},
		"used token":   {nil, message.ErrNotGenuine, 401, openapi.ProblemCodeUnauthorized},
		"no database":  {nil, errors.New("keep report: no connection"), 503, openapi.ProblemCodeUnavailable},
		"out of time":  {nil, context.DeadlineExceeded, 503, openapi.ProblemCodeUnavailable},
		"other defect": {errors.New("oops"), nil, 500, openapi.ProblemCodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupHooks(t, func(w *Webhooks) {
				w.Mailgun = fakeMailgun(func([]byte, []byte) (message.Report, error) { return undeliveredCode, tt.read })
				w.Twilio = fakeTwilio(func(string, string, url.Values) (message.Report, error) { return undeliveredCode, tt.read })
				w.Reports = fakeReports(func(context.Context, message.Report) (message.Entry, bool, error) {
					require.NoError(t, tt.read, "nothing is kept of what is not understood")
					return message.Entry{}, false, tt.kept
				})
			})
			for _, answer := range h.post(t) {
				requireProblem(t, answer, tt.status, tt.code)
				require.Equal(t, tt.status == 503, answer.Header().Get("Retry-After") != "")
				if tt.status == 401 {
					require.Equal(t, "Signature", answer.Header().Get("WWW-Authenticate"))
				}
			}
			require.Empty(t, h.signals)
		})
	}
}

func TestReportsWaitForTheEngine(t *testing.T) {
	t.Parallel()
	h := setupHooks(t)
	h.engine.undelivered = func(context.Context, string, workflows.Undelivered) error { return engine.ErrUnavailable }
	for _, answer := range h.post(t) {
		requireProblem(t, answer, 503, openapi.ProblemCodeUnavailable)
	}
}

func TestWebhooksWithoutKeys(t *testing.T) {
	t.Parallel()
	none := setup(t)
	for _, path := range []string{MailgunWebhookPath, TwilioWebhookPath} {
		for _, method := range []string{"POST", "GET"} {
			requireProblem(t, none.send(t, method, path, ""), 404, openapi.ProblemCodeNotFound)
		}
	}
	onlyTwilio := setupHooks(t, func(w *Webhooks) { w.Mailgun = nil })
	answers := onlyTwilio.post(t)
	requireProblem(t, answers[0], 404, openapi.ProblemCodeNotFound)
	require.Equal(t, 204, answers[1].Code)
	onlyMailgun := setupHooks(t, func(w *Webhooks) { w.Twilio = nil })
	answers = onlyMailgun.post(t)
	require.Equal(t, 200, answers[0].Code)
	requireProblem(t, answers[1], 404, openapi.ProblemCodeNotFound)
	requireProblem(t, onlyMailgun.send(t, "GET", MailgunWebhookPath, ""), 405, openapi.ProblemCodeMethodNotAllowed)
}

func TestReportBodies(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	pad := strings.Repeat(" ", maxReportBody-len(mailgunBody))
	for name, tt := range map[string]struct {
		path, media, body string
		status            int
		code              openapi.ProblemCode
	}{
		"largest":              {MailgunWebhookPath, "application/json", mailgunBody + pad, 200, ""},
		"too large":            {MailgunWebhookPath, "application/json", mailgunBody + pad + " ", 413, openapi.ProblemCodeBodyTooLarge},
		"too large a form":     {TwilioWebhookPath, form, "a=" + strings.Repeat("b", maxReportBody), 413, openapi.ProblemCodeBodyTooLarge},
		"with a charset":       {MailgunWebhookPath, "application/json; charset=utf-8", mailgunBody, 200, ""},
		"form for JSON":        {MailgunWebhookPath, form, twilioBody, 415, openapi.ProblemCodeUnsupportedMediaType},
		"JSON for a form":      {TwilioWebhookPath, "application/json", mailgunBody, 415, openapi.ProblemCodeUnsupportedMediaType},
		"no media type":        {TwilioWebhookPath, "", twilioBody, 415, openapi.ProblemCodeUnsupportedMediaType},
		"multipart":            {TwilioWebhookPath, "multipart/form-data; boundary=x", twilioBody, 415, openapi.ProblemCodeUnsupportedMediaType},
		"nothing":              {MailgunWebhookPath, "application/json", "", 400, openapi.ProblemCodeInvalidJSON},
		"no object":            {MailgunWebhookPath, "application/json", " []", 400, openapi.ProblemCodeInvalidJSON},
		"cut off":              {MailgunWebhookPath, "application/json", mailgunBody[1:], 400, openapi.ProblemCodeInvalidJSON},
		"invalid UTF-8":        {MailgunWebhookPath, "application/json", "{\"\xff\":1}", 400, openapi.ProblemCodeInvalidJSON},
		"members of any type":  {MailgunWebhookPath, "application/json", `{"signature":1,"event-data":[]}`, 200, ""},
		"empty object":         {MailgunWebhookPath, "application/json", `{}`, 200, ""},
		"no form":              {TwilioWebhookPath, form, "a=%zz", 400, openapi.ProblemCodeInvalidJSON},
		"empty form":           {TwilioWebhookPath, form, "", 204, ""},
		"a field with no name": {TwilioWebhookPath, form, "=1&&MessageSid=1&MessageSid=2", 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupHooks(t)
			r := httptest.NewRequest("POST", tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.media)
			w := h.serve(t, r)
			if tt.code == "" {
				require.Equal(t, tt.status, w.Code, w.Body)
			} else {
				requireProblem(t, w, tt.status, tt.code)
			}
		})
	}
}

func TestIncompleteReport(t *testing.T) {
	t.Parallel()
	h := setupHooks(t)
	r := httptest.NewRequest("POST", MailgunWebhookPath, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(mailgunBody))))
	r.Header.Set("Content-Type", "application/json")
	requireProblem(t, h.serve(t, r), 400, openapi.ProblemCodeInvalidJSON)
	r = httptest.NewRequest("POST", MailgunWebhookPath, strings.NewReader(mailgunBody))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	requireProblem(t, h.serve(t, r), 415, openapi.ProblemCodeUnsupportedMediaType)
}

func TestTwoSignatures(t *testing.T) {
	t.Parallel()
	requireProblem(t, setupHooks(t).twilio(t, TwilioWebhookPath, twilioBody, "a", "b"), 401, openapi.ProblemCodeUnauthorized)
}
