package sms_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

// FuzzTwilioReport has any form, with its genuine signature and with another one.
func FuzzTwilioReport(f *testing.F) {
	reader, err := sms.NewTwilioReports(token, publicURL)
	require.NoError(f, err)
	for _, seed := range []string{
		form("delivered", "").Encode(), form("undelivered", "30003").Encode(), form("failed", "to +491701234567").Encode(), form("", "").Encode(),
		"MessageSid=SM1", "MessageStatus=delivered&MessageStatus=failed&MessageSid=SM1", "MessageStatus=read&MessageSid=", "%zz", "a;b", "=", "",
		"MessageSid=%00&MessageStatus=%ff", "MessageSid[]=SM1&MessageStatus=sent",
	} {
		f.Add(seed, "", reportPath)
	}
	f.Add(form("delivered", "").Encode(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", reportPath+"?a=%2F")
	f.Fuzz(func(t *testing.T, text, signature, target string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return // the API refuses it
		}
		_, err = reader.Read(signature, target, values, reportTime)
		require.Equal(t, message.ErrNotGenuine, err, "only the token's owner can sign")

		report, err := reader.Read(signed(token, publicURL+reportPath, values), reportPath, values, reportTime)
		if err != nil {
			require.Contains(t, []error{message.ErrNotGenuine, message.ErrUnreadable}, err)
			require.Zero(t, report)
			return
		}
		for name, all := range values {
			require.Len(t, all, 1, name)
		}
		require.NotEmpty(t, report.MessageID)
		require.Contains(t, []message.Status{"", message.StatusDelivered, message.StatusUndelivered}, report.Status)
		require.Regexp(t, `^([0-9]{1,9}|undelivered|failed|)$`, report.Code, "never a text")
		require.Equal(t, report.Status == message.StatusUndelivered, report.Code != "")
		require.Equal(t, reportTime, report.At)
		require.Empty(t, report.Recipient+report.Token)
	})
}
