package email_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
	"registrar/internal/user"
)

const reportToken = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"

// FuzzMailgunSignature has the event of a delivery, and any signature.
func FuzzMailgunSignature(f *testing.F) {
	reader, err := email.NewMailgunReports(signingKey)
	require.NoError(f, err)
	for _, seed := range [][]byte{
		signedFor(f, at(0)), signedFor(f, at(20*time.Hour)), signedFor(f, ""), signedFor(f, "1e9"), []byte(`{"timestamp":1,"token":"a","signature":""}`),
		[]byte("{}"), []byte("null"), []byte("[]"), []byte(`{"timestamp":"1","timestamp":2}`), {},
	} {
		f.Add(seed)
	}
	event := []byte(`{"event":"delivered","message":{"headers":{"message-id":"1@mg.example.com"}}}`)
	f.Fuzz(func(t *testing.T, signature []byte) {
		report, err := reader.Read(signature, event, reportTime)
		if err != nil {
			require.Equal(t, message.ErrNotGenuine, err)
			return
		}
		// Only the key's owner can sign, so the content is that of a seed.
		require.Equal(t, reportToken, report.Token)
	})
}

func signedFor(f *testing.F, timestamp string) []byte {
	f.Helper()
	return signed(f, signingKey, timestamp, reportToken)
}

// FuzzMailgunEvent has a genuine signature, and any event.
func FuzzMailgunEvent(f *testing.F) {
	reader, err := email.NewMailgunReports(signingKey)
	require.NoError(f, err)
	signature := signedFor(f, at(0))
	for _, seed := range []string{
		`{"event":"delivered","timestamp":1796122800.5,"message":{"headers":{"message-id":"<1@mg.example.com>"}}}`,
		`{"event":"failed","severity":"permanent","reason":"bounce","recipient":"Ada@EXAMPLE.com","delivery-status":{"code":550,"enhanced-code":"5.1.1"},"message":{"headers":{"message-id":"1"}}}`,
		`{"event":"failed","severity":"temporary","reason":"old","delivery-status":{"code":"421"},"message":{"headers":{"message-id":"1"}}}`,
		`{"event":"complained","recipient":"a\u0000@example.com","timestamp":-1,"message":{"headers":{"message-id":"<>"}}}`,
		`{"event":"unsubscribed","recipient":"ada@example.com","timestamp":1e300}`, `{"event":"rejected","reason":"to ada@example.com","message":{"headers":{"message-id":"1"}}}`,
		`{"event":1}`, `{"event":"failed","timestamp":"now"}`, `{}`, `[]`, `null`, `{"event":"delivered","message":[]}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		report, err := reader.Read(signature, event, reportTime)
		if err != nil {
			require.Equal(t, message.ErrUnreadable, err)
			require.Zero(t, report)
			return
		}
		require.True(t, json.Valid(event))
		require.Equal(t, email.MailgunName, report.Provider)
		require.Contains(t, []message.Status{"", message.StatusDelivered, message.StatusUndelivered, message.StatusComplained}, report.Status)
		require.Regexp(t, `^([1-9][0-9]{2}|[a-z-]{0,32})$`, report.Code, "never a text")
		require.False(t, report.At.After(reportTime))
		require.False(t, report.At.Before(time.Unix(0, 0)))
		require.Equal(t, report.Suppress == "", report.Recipient == "")
		if report.Recipient != "" {
			_, canonical, err := user.ParseEmail(report.Recipient)
			require.NoError(t, err)
			require.Equal(t, canonical, report.Recipient)
		}
		if report.Status != "" {
			require.NotEmpty(t, strings.Trim(report.MessageID, "<>"))
		}
	})
}
