package parts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
	"registrar/internal/sms"
	"registrar/test/parts"
)

// provider is a double together with the service's sender for it.
type provider struct {
	double interface {
		Serve()
		Fail(retryAfter time.Duration)
		Hang()
		Secret() string
		SetSecret(secret string)
		Total() int
		Requests() int
		Refused() int
		Messages(to string) []parts.Sent
		Code(ctx context.Context, to string) (string, error)
		AwaitCode(ctx context.Context, to string) (string, error)
		Forget(to string)
	}
	sender message.Sender
	to     string
}

func providers(t *testing.T) map[string]provider {
	t.Helper()
	mailgun, twilio := parts.StartMailgun(t), parts.StartTwilio(t)
	mail, err := email.NewMailgun(email.MailgunOptions{
		Domain: parts.MailgunDomain, APIKey: mailgun.Secret(), APIBase: mailgun.URL(), From: "Registrar <hello@mg.example.com>",
	})
	require.NoError(t, err)
	text, err := sms.NewTwilio(sms.TwilioOptions{
		AccountSID: parts.TwilioAccount, AuthToken: twilio.Secret(), From: parts.TwilioNumber, BaseURL: twilio.URL(),
	})
	require.NoError(t, err)
	return map[string]provider{
		"Mailgun": {mailgun, mail, "ada@example.org"},
		"Twilio":  {twilio, text, "+491701234567"},
	}
}

// send sends a code and returns its failure.
func (p provider) send(ctx context.Context, timeout time.Duration, to string) (message.Receipt, *message.Error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	receipt, err := p.sender.Send(ctx, message.Message{
		RegistrationID: "1", Kind: message.KindOTP, To: to, Subject: "Your code", Text: "It is 739204.",
	})
	failure, _ := errors.AsType[*message.Error](err)
	return receipt, failure
}

func TestDoubles(t *testing.T) {
	t.Parallel()
	for name, p := range providers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receipt, failure := p.send(t.Context(), time.Minute, p.to)
			require.Nil(t, failure)
			require.NotEmpty(t, receipt.MessageID)
			code, err := p.double.Code(t.Context(), p.to)
			require.NoError(t, err)
			require.Equal(t, "739204", code)

			_, failure = p.send(t.Context(), time.Minute, "nobody")
			require.Equal(t, message.Rejected, failure.Failure)

			p.double.Fail(3 * time.Second)
			_, failure = p.send(t.Context(), time.Minute, p.to)
			require.Equal(t, message.Unavailable, failure.Failure)
			require.Equal(t, 3*time.Second, failure.RetryAfter)

			p.double.Hang()
			_, failure = p.send(t.Context(), 50*time.Millisecond, p.to)
			require.Equal(t, message.Unavailable, failure.Failure)

			p.double.Serve()
			secret := p.double.Secret()
			p.double.SetSecret("rotated")
			_, failure = p.send(t.Context(), time.Minute, p.to)
			require.Equal(t, message.Misconfigured, failure.Failure)
			p.double.SetSecret(secret)
			_, failure = p.send(t.Context(), time.Minute, p.to)
			require.Nil(t, failure)

			require.Len(t, p.double.Messages(p.to), 2)
			require.Equal(t, []int{2, 6, 1}, []int{p.double.Total(), p.double.Requests(), p.double.Refused()})
		})
	}
}

func TestTheInvalidNumberOfTwilio(t *testing.T) {
	t.Parallel()
	_, failure := providers(t)["Twilio"].send(t.Context(), time.Minute, "+15005550001")
	require.Equal(t, "21211", failure.Code)
	require.Equal(t, message.Rejected, failure.Failure)
}

func TestHungRequestsAreCut(t *testing.T) {
	t.Parallel()
	for name, p := range providers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.double.Hang()
			failed := make(chan *message.Error, 1)
			go func() {
				_, failure := p.send(t.Context(), time.Minute, p.to)
				failed <- failure
			}()
			require.Eventually(t, func() bool { return p.double.Requests() == 1 }, time.Minute, time.Millisecond)
			p.double.Serve()
			require.Equal(t, message.Unavailable, (<-failed).Failure)
			require.Zero(t, p.double.Total())
		})
	}
}

func TestAwaitCode(t *testing.T) {
	t.Parallel()
	for name, p := range providers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended, end := context.WithCancel(t.Context())
			end()
			_, err := p.double.AwaitCode(ended, p.to)
			require.ErrorIs(t, err, context.Canceled)
			codes := make(chan string)
			go func() {
				code, _ := p.double.AwaitCode(t.Context(), p.to)
				codes <- code
			}()
			_, failure := p.send(t.Context(), time.Minute, p.to)
			require.Nil(t, failure)
			require.Equal(t, "739204", <-codes)
			p.double.Forget(p.to)
			require.Empty(t, p.double.Messages(p.to))
			require.Zero(t, p.double.Total())
		})
	}
}
