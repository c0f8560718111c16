package email_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

// batch returns an email to n recipients, the first of whom has a name that is HTML.
func batch(n int) message.Batch {
	b := message.Batch{
		CampaignID: "c-1", Number: 3,
		Subject: message.Pattern{{Text: "News for "}, {Field: message.FieldFirstName}},
		Text:    message.Pattern{{Text: "Hi "}, {Field: message.FieldFirstName}, {Text: ", 100%recipient.first_name% "}, {Field: message.FieldUnsubscribe}},
		HTML:    message.Pattern{{Text: "<p>Hi "}, {Field: message.FieldFirstName}, {Text: `</p><a href="`}, {Field: message.FieldUnsubscribe}, {Text: `">x</a>`}},
	}
	for i := range n {
		b.Recipients = append(b.Recipients, message.Recipient{
			To: fmt.Sprintf("p%d@example.org", i), FirstName: fmt.Sprintf("N<%d>", i),
			UnsubscribeURL: fmt.Sprintf("https://register.example.com/v1/unsubscribe?token=t%d&lang=en", i),
		})
	}
	return b
}

func TestSMTPBatch(t *testing.T) {
	t.Parallel()
	server := &mailServer{onRcpt: func(to string) error {
		if to == "p1@example.org" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "unknown " + to}
		}
		return nil
	}, onData: func(to string) error {
		if to == "p2@example.org" {
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not liked"}
		}
		return nil
	}}
	b := batch(5)
	b.Recipients[3].To = "nobody"
	receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, 5, receipt.Done)
	require.Equal(t, []int{1, 2, 3}, receipt.Rejected)
	require.Equal(t, "smtp", receipt.Provider)
	require.Equal(t, 1, server.sessions-1, "STARTTLS starts a second session on the one connection")

	got := server.mails()
	require.Len(t, got, 2)
	for n, i := range []int{0, 4} {
		h := got[n].mail.Header
		require.Equal(t, fmt.Sprintf("p%d@example.org", i), got[n].to)
		require.Equal(t, fmt.Sprintf("<p%d@example.org>", i), h.Get("To"))
		require.Equal(t, fmt.Sprintf("<%d.%s>", i+1, receipt.MessageID), h.Get("Message-ID"))
		require.Equal(t, fmt.Sprintf("News for N<%d>", i), h.Get("Subject"))
		require.Equal(t, fmt.Sprintf("<https://register.example.com/v1/unsubscribe?token=t%d&lang=en>", i), h.Get("List-Unsubscribe"))
		require.Equal(t, "List-Unsubscribe=One-Click", h.Get("List-Unsubscribe-Post"))
		require.Contains(t, got[n].body, fmt.Sprintf("Hi N<%d>, 100%%recipient.first_name%% ", i))
		require.Contains(t, got[n].body, fmt.Sprintf("<p>Hi N&lt;%d&gt;</p>", i))
		require.Contains(t, got[n].body, fmt.Sprintf("token=3Dt%d&amp;lang=3Den", i))
	}
}

func TestSMTPBatchDisconnect(t *testing.T) {
	t.Parallel()
	var mails atomic.Int32
	server := &mailServer{
		onRcpt: func(to string) error {
			if to == "p1@example.org" {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}}
			}
			return nil
		},
		onData: func(string) error {
			if mails.Add(1) > 3 {
				return errDisconnect
			}
			return nil
		},
	}
	s := serveMail(t, server, serverOptions{})
	receipt, err := s.SendBatch(t.Context(), batch(10))
	want := unknown("network")
	require.Equal(t, &want, err)
	require.Equal(t, 4, receipt.Done, "three accepted, one rejected, disconnected at the fifth")
	require.Equal(t, []int{1}, receipt.Rejected)

	server.onMail = func(string) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}}
	}
	receipt, err = s.SendBatch(t.Context(), batch(10))
	want = smtpError(message.Misconfigured, "550 5.7.1")
	require.Equal(t, &want, err)
	require.Zero(t, receipt.Done)
}
