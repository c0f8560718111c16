package email_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
)

const signingKey = "signing-key-0123456789"

var reportTime = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// signed returns the member signature as Mailgun documents it: the hex HMAC-SHA256 of timestamp followed by token.
func signed(t testing.TB, key, timestamp, token string) []byte {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + token))
	text, err := json.Marshal(map[string]string{
		"timestamp": timestamp, "token": token, "signature": hex.EncodeToString(mac.Sum(nil)),
	})
	require.NoError(t, err)
	return text
}

func at(age time.Duration) string { return strconv.FormatInt(reportTime.Add(-age).Unix(), 10) }

func reports(t *testing.T) *email.MailgunReports {
	t.Helper()
	r, err := email.NewMailgunReports(signingKey)
	require.NoError(t, err)
	return r
}

func TestMailgunReportsNeedAKey(t *testing.T) {
	t.Parallel()
	_, err := email.NewMailgunReports("")
	require.Error(t, err, "with an empty key anyone could sign")
}

func TestMailgunSignatures(t *testing.T) {
	t.Parallel()
	const token = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"
	good := signed(t, signingKey, at(0), token)
	for name, tt := range map[string]struct {
		signature []byte
		genuine   bool
	}{
		"now":              {good, true},
		"number":           {[]byte(strings.Replace(string(good), `"`+at(0)+`"`, at(0), 1)), true},
		"with a parent's":  {[]byte(strings.Replace(string(good), "{", `{"parent-signature":"00",`, 1)), true},
		"oldest":           {signed(t, signingKey, at(9*time.Hour), token), true},
		"too old":          {signed(t, signingKey, at(9*time.Hour+time.Second), token), false},
		"ahead":            {signed(t, signingKey, at(-5*time.Minute), token), true},
		"too far ahead":    {signed(t, signingKey, at(-5*time.Minute-time.Second), token), false},
		"in milliseconds":  {signed(t, signingKey, at(0)+"000", token), false},
		"no time":          {signed(t, signingKey, "", token), false},
		"vast time":        {signed(t, signingKey, "99999999999999999999", token), false},
		"another key":      {signed(t, "other", at(0), token), false},
		"no key":           {signed(t, "", at(0), token), false},
		"no token":         {signed(t, signingKey, at(0), ""), false},
		"long token":       {signed(t, signingKey, at(0), strings.Repeat("a", 256)), false},
		"another token":    {[]byte(strings.Replace(string(good), "e0b5", "e0b6", 1)), false},
		"no signature":     {[]byte(`{"timestamp":"` + at(0) + `","token":"` + token + `"}`), false},
		"empty":            {[]byte(`{"timestamp":"` + at(0) + `","token":"` + token + `","signature":""}`), false},
		"cut off":          {[]byte(string(good[:len(good)-20]) + `"}`), false},
		"no hex":           {[]byte(`{"timestamp":"` + at(0) + `","token":"` + token + `","signature":"zz"}`), false},
		"nothing":          {nil, false},
		"null":             {[]byte("null"), false},
		"list":             {[]byte("[]"), false},
		"token a number":   {[]byte(`{"timestamp":"` + at(0) + `","token":1,"signature":"00"}`), false},
		"moved characters": {[]byte(strings.Replace(string(good), `"timestamp":"`+at(0)+`","token":"e`, `"timestamp":"`+at(0)+`e","token":"`, 1)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := reports(t).Read(tt.signature, []byte(`{"event":"opened"}`), reportTime)
			if !tt.genuine {
				require.ErrorIs(t, err, message.ErrNotGenuine)
				require.Zero(t, r)
				return
			}
			require.NoError(t, err)
			require.Equal(t, message.Report{Provider: "mailgun", At: reportTime, Token: token}, r)
		})
	}
}

func TestMailgunEvents(t *testing.T) {
	t.Parallel()
	happened := reportTime.Add(-90 * time.Second)
	const tail = `,"timestamp":1796126310.5,"recipient":"Ada.Lovelace@EXAMPLE.org","message":{"headers":{"message-id":"20260101.1@mg.example.com","to":"ada"}}}`
	for name, tt := range map[string]struct {
		event    string
		status   message.Status
		code     string
		suppress message.SuppressionReason
	}{
		"delivered":  {`{"event":"delivered","delivery-status":{"code":250}`, message.StatusDelivered, "", ""},
		"complained": {`{"event":"complained"`, message.StatusComplained, "", message.Complained},
		"unsubscribed": {
			`{"event":"unsubscribed"`, "", "", message.Unsubscribed,
		},
		"rejected": {`{"event":"rejected","reason":"free text of ada@example.org","reject":{"reason":"x"}`, message.StatusUndelivered, "", ""},
		"hard bounce": {
			`{"event":"failed","severity":"permanent","reason":"bounce","delivery-status":{"code":550,"message":"no ada@example.org here"}`,
			message.StatusUndelivered, "550", message.Bounced,
		},
		"code in quotes": {
			`{"event":"failed","severity":"permanent","reason":"bounce","delivery-status":{"code":"554"}`,
			message.StatusUndelivered, "554", message.Bounced,
		},
		"no reason": {
			`{"event":"failed","severity":"permanent","reason":"generic","delivery-status":{"code":550,"enhanced-code":null}`,
			message.StatusUndelivered, "550", "",
		},
		"no reason, for policy": {
			`{"event":"failed","severity":"permanent","reason":"generic","delivery-status":{"code":550,"enhanced-code":"5.7.1"}`,
			message.StatusUndelivered, "550", "",
		},
		"no reason, for the sender": {
			`{"event":"failed","severity":"permanent","reason":"generic","delivery-status":{"code":550,"enhanced-code":"5.1.8"}`,
			message.StatusUndelivered, "550", "",
		},
		"no reason, no mailbox": {
			`{"event":"failed","severity":"permanent","reason":"generic","delivery-status":{"code":550,"enhanced-code":"5.1.1"}`,
			message.StatusUndelivered, "550", message.Bounced,
		},
		"unknown reason": {`{"event":"failed","severity":"permanent","reason":"unknown"`, message.StatusUndelivered, "unknown", ""},
		"bad repute, no mailbox": {
			`{"event":"failed","severity":"permanent","reason":"espblock","delivery-status":{"code":550,"enhanced-code":"5.1.1"}`,
			message.StatusUndelivered, "550", "",
		},
		"odd side fields": {
			`{"event":"failed","severity":"permanent","reason":7,"tags":3,"delivery-status":{"code":"none of ada@example.org","message":9}`,
			message.StatusUndelivered, "", "",
		},
		"no delivery status": {`{"event":"delivered","delivery-status":"ok"`, message.StatusDelivered, "", ""},
		"no code":            {`{"event":"failed","severity":"permanent","reason":"hardfail"`, message.StatusUndelivered, "hardfail", message.Bounced},
		"soft bounce":        {`{"event":"failed","severity":"temporary","reason":"generic","delivery-status":{"code":451}`, "", "451", ""},
		"given up":           {`{"event":"failed","severity":"temporary","reason":"old","delivery-status":{"code":498}`, message.StatusUndelivered, "498", ""},
		"given up, too":      {`{"event":"failed","severity":"permanent","reason":"old","delivery-status":{"code":602}`, message.StatusUndelivered, "602", ""},
		"bad repute":         {`{"event":"failed","severity":"permanent","reason":"espblock","delivery-status":{"code":554}`, message.StatusUndelivered, "554", ""},
		"on Mailgun's list, bounced": {
			`{"event":"failed","severity":"permanent","reason":"suppress-bounce","delivery-status":{"code":605}`,
			message.StatusUndelivered, "605", message.Bounced,
		},
		"on Mailgun's list, complained": {
			`{"event":"failed","severity":"permanent","reason":"suppress-complaint","delivery-status":{"code":607}`,
			message.StatusUndelivered, "607", message.Complained,
		},
		"on Mailgun's list, unsubscribed": {
			`{"event":"failed","severity":"permanent","reason":"suppress-unsubscribe","delivery-status":{"code":606}`,
			message.StatusUndelivered, "606", message.Unsubscribed,
		},
		"opened":  {`{"event":"opened"`, "", "", ""},
		"unknown": {`{"event":"teleported","severity":"permanent"`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := message.Report{
				Provider: "mailgun", MessageID: "20260101.1@mg.example.com", Status: tt.status, Code: tt.code,
				At: happened.Add(500 * time.Millisecond), Token: "t", Suppress: tt.suppress,
			}
			if tt.suppress != "" {
				want.Recipient = "ada.lovelace@example.org"
			}
			got, err := reports(t).Read(signed(t, signingKey, at(0), "t"), []byte(tt.event+tail), reportTime)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestMailgunUnreadableEvents(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"nothing":       ``,
		"null":          `null`,
		"no event":      `{}`,
		"list":          `[]`,
		"wrong type":    `{"event":1}`,
		"no message":    `{"event":"delivered","recipient":"a@example.org"}`,
		"no recipient":  `{"event":"unsubscribed","message":{"headers":{"message-id":"1"}}}`,
		"bad recipient": `{"event":"complained","recipient":"a b","message":{"headers":{"message-id":"1"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := reports(t).Read(signed(t, signingKey, at(0), "t"), []byte(event), reportTime)
			require.ErrorIs(t, err, message.ErrUnreadable)
			_, err = reports(t).Read(signed(t, "other", at(0), "t"), []byte(event), reportTime)
			require.ErrorIs(t, err, message.ErrNotGenuine, "an unsigned report is never read")
		})
	}
}

func TestMailgunTimes(t *testing.T) {
	t.Parallel()
	for _, timestamp := range []string{"0", "-1", "1e300", "1796126401"} {
		event := `{"event":"opened","timestamp":` + timestamp + `}`
		got, err := reports(t).Read(signed(t, signingKey, at(0), "t"), []byte(event), reportTime)
		require.NoError(t, err)
		require.Equal(t, reportTime, got.At, timestamp)
	}
}
