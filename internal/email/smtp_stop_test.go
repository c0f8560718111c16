package email_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
)

func TestSMTPBatchStopsInTime(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T, onRcpt, onData func(string) error) (*email.SMTP, *mailServer) {
		t.Helper()
		server := &mailServer{onRcpt: onRcpt, onData: onData}
		return serveMail(t, server, serverOptions{}), server
	}
	t.Run("the deadline is near", func(t *testing.T) {
		t.Parallel()
		s, server := setup(t, nil, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		receipt, err := s.SendBatch(ctx, batch(5))
		require.NoError(t, err)
		require.Equal(t, 1, receipt.Done, "no further email is started")
		requireAccepted(t, server, 1)
	})
	t.Run("the worker stops", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		s, server := setup(t, refusing(smtpReply(450, 4, 2, 0), 0, 1), func(to string) error {
			if to == "p3@example.org" {
				close(stop)
			}
			return nil
		})
		receipt, err := s.SendBatch(message.WithStop(t.Context(), stop), batch(6))
		require.NoError(t, err)
		require.Equal(t, 4, receipt.Done)
		require.Equal(t, []int{0, 1}, receipt.Rejected)
		requireAccepted(t, server, 4, 0, 1)
	})
	t.Run("no recipient accepted yet", func(t *testing.T) {
		t.Parallel()
		for want, reply := range map[string]error{"450 4.2.0": smtpReply(450, 4, 2, 0), "554 5.7.1": smtpReply(554, 5, 7, 1)} {
			stop := make(chan struct{})
			close(stop)
			s, _ := setup(t, refusing(reply, upTo(6)...), nil)
			receipt, err := s.SendBatch(message.WithStop(t.Context(), stop), batch(6))
			var refusal *message.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, want, refusal.Code)
			require.Equal(t, message.Unavailable, refusal.Failure, "the refusals prove nothing about the account")
			require.Zero(t, receipt.Done)
		}
	})
}
