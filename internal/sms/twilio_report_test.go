package sms_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

const (
	publicURL  = "https://register.example.com"
	reportPath = "/v1/webhooks/twilio"
)

var reportTime = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// signed returns X-Twilio-Signature as Twilio documents it: the base64 HMAC-SHA1, with the auth token as key, of the URL
// followed by each name and value of the form, in the order of the names
// (https://www.twilio.com/docs/usage/security#validating-requests).
func signed(key, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		mac.Write([]byte(name + form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func form(status, code string) url.Values {
	f := url.Values{
		"AccountSid": {account}, "ApiVersion": {"2010-04-01"}, "From": {"+15005550001"}, "To": {"+15005550006"},
		"MessageSid": {"SM1"}, "SmsSid": {"SM1"}, "MessageStatus": {status}, "SmsStatus": {status},
	}
	if code != "" {
		f.Set("ErrorCode", code)
	}
	return f
}

func reports(t *testing.T) *sms.TwilioReports {
	t.Helper()
	r, err := sms.NewTwilioReports(token, publicURL)
	require.NoError(t, err)
	return r
}

func TestTwilioReportsNeedTokenAndURL(t *testing.T) {
	t.Parallel()
	for _, given := range [][2]string{{"", ""}, {token, ""}, {"", publicURL}} {
		_, err := sms.NewTwilioReports(given[0], given[1])
		require.Error(t, err)
	}
}

// TestTwilioExample checks the example of Twilio's documentation.
func TestTwilioExample(t *testing.T) {
	t.Parallel()
	params := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"},
		"From": {"+14158675309"}, "To": {"+18005551212"},
	}
	const signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	require.Equal(t, signature, signed("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", params))
	r, err := sms.NewTwilioReports("12345", "https://mycompany.com")
	require.NoError(t, err)
	_, err = r.Read(signature, "/myapp.php?foo=1&bar=2", params, reportTime)
	require.ErrorIs(t, err, message.ErrUnreadable, "the signature is right, but the form is not a delivery report")
}

func TestTwilioStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status, errorCode string
		want              message.Status
		code              string
	}{
		{"delivered", "", message.StatusDelivered, ""},
		{"read", "", message.StatusDelivered, ""},
		{"undelivered", "30003", message.StatusUndelivered, "30003"},
		{"failed", "30008", message.StatusUndelivered, "30008"},
		{"failed", "", message.StatusUndelivered, "failed"},
		{"undelivered", "to +15005550006", message.StatusUndelivered, "undelivered"},
		{"accepted", "", "", ""}, {"queued", "", "", ""}, {"sending", "", "", ""}, {"sent", "", "", ""}, {"new", "", "", ""},
	} {
		f := form(tt.status, tt.errorCode)
		got, err := reports(t).Read(signed(token, publicURL+reportPath, f), reportPath, f, reportTime)
		require.NoError(t, err)
		require.Equal(t, message.Report{
			Provider: "twilio", MessageID: "SM1", Status: tt.want, Code: tt.code, At: reportTime,
		}, got, tt.status)
	}
}

func TestTwilioSignatures(t *testing.T) {
	t.Parallel()
	f := form("undelivered", "30003")
	good := signed(token, publicURL+reportPath, f)
	changed := form("delivered", "")
	more := form("undelivered", "30003")
	more.Set("New", "1")
	twice := form("undelivered", "30003")
	twice.Add("MessageStatus", "delivered")
	query := reportPath + "?a=1&b=%20"
	for name, tt := range map[string]struct {
		signature, target string
		form              url.Values
		genuine           bool
	}{
		"genuine":          {good, reportPath, f, true},
		"port":             {signed(token, publicURL+":443"+reportPath, f), reportPath, f, true},
		"query":            {signed(token, publicURL+query, f), query, f, true},
		"new field":        {signed(token, publicURL+reportPath, more), reportPath, more, true},
		"missing":          {"", reportPath, f, false},
		"another token":    {signed("other", publicURL+reportPath, f), reportPath, f, false},
		"another host":     {signed(token, "https://other.example.com"+reportPath, f), reportPath, f, false},
		"other scheme":     {signed(token, "http://register.example.com"+reportPath, f), reportPath, f, false},
		"added query":      {good, query, f, false},
		"changed field":    {good, reportPath, changed, false},
		"added field":      {good, reportPath, more, false},
		"value added":      {good, reportPath, twice, false},
		"empty form":       {good, reportPath, url.Values{}, false},
		"hash of the body": {signed(token, publicURL+reportPath+"?bodySHA256=00", nil), reportPath + "?bodySHA256=00", f, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := reports(t).Read(tt.signature, tt.target, tt.form, reportTime)
			if tt.genuine {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, message.ErrNotGenuine)
			}
		})
	}
}

func TestTwilioUnreadable(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"MessageSid", "MessageStatus"} {
		f := form("delivered", "")
		f.Del(without)
		_, err := reports(t).Read(signed(token, publicURL+reportPath, f), reportPath, f, reportTime)
		require.ErrorIs(t, err, message.ErrUnreadable)
	}
}
