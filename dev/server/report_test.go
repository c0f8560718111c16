package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

const (
	publicURL   = "https://register.example.com"
	twilioToken = "0123456789abcdef"
	mailgunKey  = "signing-key"
)

// startServiceWithReports starts a service that accepts delivery reports of both providers and simulates the providers.
func startServiceWithReports(t *testing.T, providers ...string) *testService {
	t.Helper()
	s := startService(t, "PUBLIC_URL="+publicURL, "TWILIO_WEBHOOK_AUTH_TOKEN="+twilioToken, "MAILGUN_WEBHOOK_SIGNING_KEY="+mailgunKey,
		"ADMIN_TOKEN="+adminToken)
	s.stack.outbox.Simulate(providers...)
	return s
}

// twilioReport posts a report in Twilio's format, with Twilio's signature, and returns the status of the answer.
func (s *testClient) twilioReport(t *testing.T, id, status, code string) int {
	t.Helper()
	form := url.Values{"MessageSid": {id}, "MessageStatus": {status}, "ErrorCode": {code}, "AccountSid": {"AC1"}}
	mac := hmac.New(sha1.New, []byte(twilioToken))
	mac.Write([]byte(publicURL + api.TwilioWebhookPath))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		mac.Write([]byte(name + form.Get(name)))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+api.TwilioWebhookPath, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	response, err := s.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, checkContract(request, answer{response.StatusCode, response.Header, body}))
	return response.StatusCode
}

// mailgunReport posts a report in Mailgun's format, with Mailgun's signature.
func (s *testClient) mailgunReport(t *testing.T, token string, event map[string]any) answer {
	t.Helper()
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(mailgunKey))
	mac.Write([]byte(timestamp + token))
	return s.mustCall(t, http.MethodPost, api.MailgunWebhookPath, map[string]any{
		"signature":  map[string]any{"timestamp": timestamp, "token": token, "signature": hex.EncodeToString(mac.Sum(nil))},
		"event-data": event,
	})
}

func hardBounce(id, recipient string) map[string]any {
	return map[string]any{
		"event": "failed", "severity": "permanent", "reason": "bounce", "recipient": recipient,
		"delivery-status": map[string]any{"code": 550}, "message": map[string]any{"headers": map[string]any{"message-id": id}},
	}
}

func TestUndeliveredCodeIsResentByNextProvider(t *testing.T) {
	t.Parallel()
	s := startServiceWithReports(t, "twilio", "other")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	first := s.outboxFor(t, form.MobileNumber, message.KindOTP)[0].ID
	requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	for range 3 { // Twilio may repeat a report
		require.Equal(t, http.StatusNoContent, s.twilioReport(t, first, "undelivered", "30003"))
	}
	require.Equal(t, code, s.awaitCode(t, form.MobileNumber, 2), "the same code")
	s.awaitLedger(t, id, 2)
	second := await(t, "the second message in the ledger", func() (string, bool) {
		provider := lookUp[string](t, s.stack.data, "SELECT provider FROM notifications WHERE registration_id = ? AND kind = 'otp'", id)
		return lookUp[string](t, s.stack.data,
			"SELECT provider_message_id FROM notifications WHERE registration_id = ? AND kind = 'otp'", id), provider == "other"
	})
	require.NotEqual(t, first, second)
	require.Equal(t, http.StatusNoContent, s.twilioReport(t, first, "undelivered", "30003"), "a late report of the first message")
	s.requireActive(t, id, code)
	s.awaitEnd(t, id)
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 2)

	timeline := s.timeline(t, id)
	undelivered := find(t, timeline, openapi.TimelineEntryEventMessageUndelivered)
	require.Equal(t, []string{"twilio", "30003", "SendOTP"}, []string{undelivered.Provider, undelivered.Code, undelivered.Step})
	require.Equal(t, http.StatusNoContent, s.twilioReport(t, first, "undelivered", "30003"), "the registration has ended")
	s.checkHistory(t, "undelivered", workflows.RegistrationWorkflowID(id), `"signalName": "undelivered"`)
}

func TestUserCorrectsUndeliverableNumber(t *testing.T) {
	t.Parallel()
	s := startServiceWithReports(t, "twilio")
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	s.awaitLedger(t, id, 2)
	first := s.outboxFor(t, form.MobileNumber, message.KindOTP)[0].ID
	require.Equal(t, http.StatusNoContent, s.twilioReport(t, first, "failed", "30006"))
	s.awaitStatus(t, id, openapi.StatusFailed)
	awaitFound(t, s.temporalClient(t), "FailureReason='sms_rejected'", workflows.RegistrationWorkflowID(id))
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	right := newNumber()
	decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.awaitStatus(t, id, openapi.StatusPendingVerification)
	s.requireActive(t, id, s.awaitCode(t, right, 1))
	s.awaitEnd(t, id)
}

func TestBouncedCodeIsResentAndWelcomeEmailIsSuppressed(t *testing.T) {
	t.Parallel()
	s := startServiceWithReports(t, "mailgun", "other")
	form := newForm()
	form.MobileNumber = ""
	outage := s.breakProvider(func(m message.Message) bool { return m.Kind == message.KindWelcome }, errNoConnection)
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	s.awaitLedger(t, id, 1)
	first := s.outboxFor(t, form.Email, message.KindOTP)[0].ID
	for _, token := range []string{"token-1", "token-1", "token-2"} {
		require.Equal(t, http.StatusOK, s.mailgunReport(t, token, hardBounce(first, strings.ToUpper(form.Email))).status)
	}
	forged := s.mailgunReport(t, "token-1", hardBounce("other", "other@example.com"))
	requireProblem(t, forged, http.StatusUnauthorized, openapi.ProblemCodeUnauthorized)
	require.Equal(t, code, s.awaitCode(t, form.Email, 2))
	outage.over.Store(true)
	s.requireActive(t, id, code)
	s.awaitEnd(t, id)
	require.Empty(t, s.outboxFor(t, form.Email, message.KindWelcome))

	timeline := s.timeline(t, id)
	suppressed := find(t, timeline, openapi.TimelineEntryEventAddressSuppressed)
	require.Equal(t, []string{"mailgun", "bounced"}, []string{suppressed.Provider, suppressed.Reason})
	at := slices.IndexFunc(timeline.Entries, func(e openapi.TimelineEntry) bool {
		return e.Step == "SendWelcomeEmail" && e.Event == openapi.TimelineEntryEventStepCompleted
	})
	require.Equal(t, "not sent: the address is suppressed", timeline.Entries[at].Detail)
}

func TestReportsNeedASignature(t *testing.T) {
	t.Parallel()
	s := startServiceWithReports(t)
	body := map[string]any{"signature": map[string]any{}, "event-data": hardBounce("1", "ada@example.com")}
	requireProblem(t, s.mustCall(t, http.MethodPost, api.MailgunWebhookPath, body), http.StatusUnauthorized, openapi.ProblemCodeUnauthorized)
	requireProblem(t, shared(t).mustCall(t, http.MethodPost, api.MailgunWebhookPath, body), http.StatusNotFound, openapi.ProblemCodeNotFound)
	require.Zero(t, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM suppressions"))
}
