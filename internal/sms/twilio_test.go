package sms_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "0123456789abcdef0123456789abcdef"
	queued  = `{"sid":"SM00000000000000000000000000000001","status":"queued","error_code":null,"error_message":null,"to":"+15005550006"}`
)

var otp = message.Message{
	RegistrationID: "0198c0de-0000-7000-8000-000000000001",
	Kind:           message.KindOTP,
	Channel:        message.ChannelSMS,
	To:             "+15005550006",
	Text:           "Your Registrar code is 739204.\n\n@registrar.example.com #739204 " + strings.Repeat("€", 900),
}

func options(base string) sms.TwilioOptions {
	return sms.TwilioOptions{AccountSID: account, AuthToken: token, From: "+15005550001", BaseURL: base}
}

func sender(t *testing.T, o sms.TwilioOptions) *sms.Twilio {
	t.Helper()
	s, err := sms.NewTwilio(o)
	require.NoError(t, err)
	return s
}

// serve starts a substitute for Twilio and returns its base URL.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// fail sends the code and checks that the error is a message.Error without personal data.
func fail(t *testing.T, ctx context.Context, s message.Sender) *message.Error {
	t.Helper()
	receipt, err := s.Send(ctx, otp)
	require.Zero(t, receipt)
	var e *message.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "twilio", e.Provider)
	for _, secret := range []string{otp.To, "1500555", "739204", token, account, "AC0", "127.0.0.1", "Twilio", "number"} {
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, e.Code, secret)
	}
	return e
}

func TestTwilioSends(t *testing.T) {
	t.Parallel()
	const service, hook = "MG00000000000000000000000000000001", "https://registrar.example.com/v1/webhooks/twilio"
	for name, c := range map[string]struct {
		change         func(*sms.TwilioOptions)
		path           string
		user, password string
		form           url.Values
	}{
		"from a number": {
			change: func(*sms.TwilioOptions) {},
			path:   "/2010-04-01/Accounts/" + account + "/Messages.json",
			user:   account, password: token,
			form: url.Values{"To": {otp.To}, "From": {"+15005550001"}, "Body": {otp.Text}},
		},
		"from a messaging service, with reports": {
			change: func(o *sms.TwilioOptions) { o.From, o.MessagingServiceSID, o.StatusCallback = "", service, hook },
			path:   "/2010-04-01/Accounts/" + account + "/Messages.json",
			user:   account, password: token,
			form: url.Values{"To": {otp.To}, "MessagingServiceSid": {service}, "Body": {otp.Text}, "StatusCallback": {hook}},
		},
		"with an API key, through a gateway": {
			change: func(o *sms.TwilioOptions) {
				o.AuthToken, o.APIKeySID, o.APIKeySecret = "", "SK1", "secret1"
				o.BaseURL += "/gateway/"
			},
			path: "/gateway/2010-04-01/Accounts/" + account + "/Messages.json",
			user: "SK1", password: "secret1",
			form: url.Values{"To": {otp.To}, "From": {"+15005550001"}, "Body": {otp.Text}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan *http.Request, 1)
			o := options(serve(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				requests <- r
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, queued)
			}))
			c.change(&o)

			receipt, err := sender(t, o).Send(t.Context(), otp)

			require.NoError(t, err)
			require.Equal(t, message.Receipt{Provider: "twilio", MessageID: "SM00000000000000000000000000000001"}, receipt)
			r := <-requests
			user, password, _ := r.BasicAuth()
			require.Equal(t, []string{"POST", c.path, c.user, c.password}, []string{r.Method, r.URL.Path, user, password})
			require.Contains(t, o.BaseURL, r.Host)
			require.Equal(t, c.form, r.PostForm)
		})
	}
}

func TestTwilioClassifiesResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   message.Failure
		code   string
	}{
		"invalid number":  {400, `{"code":21211,"message":"Invalid 'To' Phone Number: +1500555XXXX","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`, message.Rejected, "21211"},
		"stopped":         {400, `{"code":21610,"message":"Attempt to send to unsubscribed recipient","more_info":"https://www.twilio.com/docs/errors/21610","status":400}`, message.Rejected, "21610"},
		"region":          {400, `{"code":21408,"message":"Permission to send an SMS has not been enabled for the region indicated by the 'To' number: +15005550006","more_info":"https://www.twilio.com/docs/errors/21408","status":400}`, message.Rejected, "21408"},
		"landline":        {400, `{"code":21635,"message":"'To' number cannot be a landline","more_info":"https://www.twilio.com/docs/errors/21635","status":400}`, message.Rejected, "21635"},
		"sender":          {400, `{"code":21606,"message":"The From phone number +15005550001 is not a valid, SMS-capable inbound phone number","more_info":"https://www.twilio.com/docs/errors/21606","status":400}`, message.Misconfigured, "21606"},
		"trial":           {400, `{"code":21608,"message":"The number +15005550006 is unverified.","more_info":"https://www.twilio.com/docs/errors/21608","status":400}`, message.Misconfigured, "21608"},
		"credentials":     {401, `{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`, message.Misconfigured, "20003"},
		"account":         {404, `{"code":20404,"message":"The requested resource /2010-04-01/Accounts/AC0/Messages.json was not found","more_info":"https://www.twilio.com/docs/errors/20404","status":404}`, message.Misconfigured, "20404"},
		"too many":        {429, `{"code":20429,"message":"Too Many Requests","more_info":"https://www.twilio.com/docs/errors/20429","status":429}`, message.Unavailable, "20429"},
		"queue full":      {400, `{"code":21611,"message":"This 'From' number has exceeded the maximum number of queued messages","more_info":"https://www.twilio.com/docs/errors/21611","status":400}`, message.Unavailable, "21611"},
		"unheard of, 400": {400, `{"code":29999,"message":"news","status":400}`, message.Unavailable, "29999"},
		"unheard of, 403": {403, `{"code":29999,"message":"news","status":403}`, message.Misconfigured, "29999"},
		"no code":         {401, `{}`, message.Misconfigured, "401"},
		"not JSON":        {502, `<html>bad gateway for +15005550006</html>`, message.Unavailable, "502"},
		"empty":           {500, ``, message.Unavailable, "500"},
		"moved":           {302, `<html>over there</html>`, message.Misconfigured, "302"},
		"captive portal":  {200, `<html>log in</html>`, message.Unavailable, "unreadable"},
		"no SID":          {201, `{"status":"queued"}`, message.Unavailable, "unreadable"},
		"failed, number":  {201, `{"sid":"SM1","status":"failed","error_code":30006,"error_message":"Landline or unreachable carrier"}`, message.Rejected, "30006"},
		"failed, account": {201, `{"sid":"SM1","status":"failed","error_code":30002,"error_message":"Account suspended"}`, message.Misconfigured, "30002"},
		"failed, carrier": {201, `{"sid":"SM1","status":"undelivered","error_code":30008,"error_message":"Unknown error"}`, message.Unavailable, "30008"},
		"failed":          {201, `{"sid":"SM1","status":"failed","error_code":null}`, message.Unavailable, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			e := fail(t, t.Context(), sender(t, options(base)))
			require.Equal(t, message.Error{Provider: "twilio", Failure: c.want, Code: c.code}, *e)
		})
	}
}

func TestTwilioRetryAfter(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for name, c := range map[string]struct {
		status      int
		header      string
		least, most time.Duration
	}{
		"seconds": {429, "17", 17 * time.Second, 17 * time.Second},
		"date":    {429, soon, 60 * time.Second, 90 * time.Second},
		"503":     {503, "5", 5 * time.Second, 5 * time.Second},
		"none":    {429, "", 0, 0},
		"refused": {403, "17", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, `{"message":"wait","status":`+strconv.Itoa(c.status)+`}`)
			})
			e := fail(t, t.Context(), sender(t, options(base)))
			require.GreaterOrEqual(t, e.RetryAfter, c.least)
			require.LessOrEqual(t, e.RetryAfter, c.most)
		})
	}
}
