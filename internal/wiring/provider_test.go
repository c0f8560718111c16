package wiring_test

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/metrics"
	"registrar/internal/wiring"
)

// providers opens the providers of an environment, with the named ones paused.
func providers(t *testing.T, environ []string, paused ...string) (wiring.Providers, error) {
	t.Helper()
	c, err := config.Load(environ)
	require.NoError(t, err)
	pauses := delivery.NewPauseChecker(func(context.Context) ([]message.Pause, error) {
		var all []message.Pause
		for _, name := range paused {
			all = append(all, message.Pause{Provider: name})
		}
		return all, nil
	})
	return wiring.OpenProviders(c, pauses, metrics.New(""), slog.New(slog.DiscardHandler))
}

var everySetting = []string{
	"EMAIL_FROM=Registrar <hello@example.com>", "MAILGUN_DOMAIN=mg.example.com", "MAILGUN_API_KEY=key", "SMTP_HOST=127.0.0.1", "SMTP_PORT=1",
	"TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=token", "TWILIO_FROM=+15550100000",
	"SMS_WEBHOOK_URL=https://sms.example.com",
	"SMS_WEBHOOK_SECRET=whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))),
}

func environ(more ...string) []string { return append(more, everySetting...) }

func TestProvidersOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ emails, texts string }{
		{"mailgun", "twilio"}, {"smtp", "webhook"}, {"smtp,mailgun", "webhook,twilio"},
	} {
		names := strings.Split(c.emails+","+c.texts, ",")
		for _, name := range names {
			require.Contains(t, wiring.ProviderNames, name)
		}
		p, err := providers(t, environ("EMAIL_PROVIDERS="+c.emails, "SMS_PROVIDERS="+c.texts), names...)
		require.NoError(t, err)
		for first, send := range map[string]func() error{
			strings.Split(c.emails, ",")[0]: func() error { _, err := p.Email.Send(t.Context(), message.Message{}); return err },
			strings.Split(c.texts, ",")[0]:  func() error { _, err := p.SMS.Send(t.Context(), message.Message{}); return err },
		} {
			require.Equal(t, &message.Error{Provider: first, Failure: message.Unavailable, Code: message.CodePaused}, send())
		}
		_, err = p.Batches.SendBatch(t.Context(), message.Batch{})
		require.Error(t, err)
	}
}

func TestProvidersNeedTheirSettings(t *testing.T) {
	t.Parallel()
	_, err := providers(t, nil)
	for _, variable := range []string{"EMAIL_FROM", "MAILGUN_DOMAIN", "MAILGUN_API_KEY", "TWILIO_ACCOUNT_SID"} {
		require.ErrorContains(t, err, variable+": is not set")
	}
	require.NotContains(t, err.Error(), "SMTP_HOST")
	for setting, want := range map[string]string{
		"MAILGUN_DOMAIN=x":                            "MAILGUN_…, EMAIL_FROM: ",
		"SMTP_HOST=a b":                               "SMTP_…, EMAIL_FROM: ",
		"TWILIO_API_KEY_SID=SK1":                      "TWILIO_…: ",
		"SMS_WEBHOOK_SECRET=hush":                     "SMS_WEBHOOK_…: ",
		"SMS_WEBHOOK_BODY={{.From}}":                  "SMS_WEBHOOK_…: ",
		"SMS_WEBHOOK_BODY={\"to\":\"{{.Text}} a\"\n}": "SMS_WEBHOOK_…: ",
	} {
		all := append(environ("EMAIL_PROVIDERS=mailgun,smtp", "SMS_PROVIDERS=twilio,webhook"), setting)
		_, err := providers(t, all)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hush")
	}
}

// TestPausedProviderIsSkipped sends through the second provider while the first is paused.
func TestPausedProviderIsSkipped(t *testing.T) {
	t.Parallel()
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"m-1"}`) }))
	t.Cleanup(gateway.Close)
	all := append(environ("SMS_PROVIDERS=twilio,webhook"), "SMS_WEBHOOK_URL="+gateway.URL)
	p, err := providers(t, all, "twilio")
	require.NoError(t, err)
	receipt, err := p.SMS.Send(t.Context(), message.Message{To: "+15005550006", Text: "hello"})
	require.NoError(t, err)
	require.Equal(t, message.Receipt{Provider: "webhook", MessageID: "m-1"}, receipt)
}

// TestMisconfiguredProviderIsSkipped sends through the second provider when the first refuses the account.
func TestMisconfiguredProviderIsSkipped(t *testing.T) {
	t.Parallel()
	calls := 0
	twilio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":20003,"message":"Authenticate","status":401}`)
	}))
	t.Cleanup(twilio.Close)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(gateway.Close)
	p, err := providers(t, append(environ("SMS_PROVIDERS=twilio,webhook"), "SMS_WEBHOOK_URL="+gateway.URL, "TWILIO_BASE_URL="+twilio.URL))
	require.NoError(t, err)
	var refusals []string
	ctx := message.WithRefusals(t.Context(), func(e *message.Error) { refusals = append(refusals, e.Error()) })
	m := message.Message{RegistrationID: "r-1", Kind: message.KindOTP, To: "+15005550006", Text: "hello"}
	for range 3 {
		receipt, err := p.SMS.Send(ctx, m)
		require.NoError(t, err)
		require.Equal(t, message.Receipt{Provider: "webhook", MessageID: "msg_r-1_otp_1"}, receipt)
	}
	require.Equal(t, []string{"twilio: misconfigured (20003)"}, refusals)
	require.Equal(t, 1, calls, "its breaker is open")
}
