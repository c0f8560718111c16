package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/workflows"
)

func TestUndeliveredProvidersAreAvoided(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ledger.undeliveredBy = func(_ context.Context, k message.Key) ([]string, error) {
		require.Equal(t, message.Key{RegistrationID: "r-1", Kind: message.KindOTP, Sequence: 2}, k)
		return []string{"twilio"}, nil
	}
	_, err := run(t, f, f.steps.SendOTP, otpInput(message.ChannelSMS))
	require.NoError(t, err)
	require.Equal(t, []string{"twilio"}, f.sent[0].Avoid)
}

func TestAllProvidersReportedUndelivered(t *testing.T) {
	t.Parallel()
	for channel, reason := range map[message.Channel]workflows.FailureReason{
		message.ChannelSMS: workflows.ReasonSMSRejected, message.ChannelEmail: workflows.ReasonEmailRejected,
	} {
		f := setup(t)
		exhausted := func(context.Context, message.Message) (message.Receipt, error) {
			return message.Receipt{}, &message.Error{Failure: message.Rejected, Code: message.CodeExhausted}
		}
		f.sms.send, f.email.send = exhausted, exhausted
		_, err := run(t, f, f.steps.SendOTP, otpInput(channel))
		app := applicationError(t, err)
		require.Equal(t, string(reason), app.Type())
		require.True(t, app.NonRetryable())
		require.ErrorContains(t, app, "every provider has reported the message undelivered")
		var last workflows.Attempt
		require.NoError(t, app.Details(&last))
		require.Equal(t, workflows.Attempt{Number: 1, ProviderCode: message.CodeExhausted}, last)
		require.Empty(t, f.attempts, "no provider was called")
	}
}

// TestReportedBeforeTheLedgerHadIt: a code is retried with another provider, other messages are not.
func TestReportedBeforeTheLedgerHadIt(t *testing.T) {
	t.Parallel()
	for name, channel := range channels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.ledger.record = func(context.Context, message.Entry) error { return message.ErrUndelivered }
			out, err := sends(t, f)[name]()
			if name == "welcome" || name == "completion" {
				require.NoError(t, err)
				require.NotEmpty(t, out.Receipt)
				return
			}
			app := applicationError(t, err)
			require.False(t, app.NonRetryable())
			require.Equal(t, map[message.Channel]string{
				message.ChannelSMS: string(workflows.ReasonSMSUnavailable), message.ChannelEmail: string(workflows.ReasonEmailUnavailable),
			}[channel], app.Type())
		})
	}
}

func TestSuppressedAddresses(t *testing.T) {
	t.Parallel()
	for reason, leftOut := range map[message.SuppressionReason]bool{
		message.Bounced: true, message.Complained: true, message.Unsubscribed: false,
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.ledger.suppressed = func(_ context.Context, address string) ([]message.SuppressionReason, error) {
				require.Equal(t, emailAddress, address, "canonical")
				return []message.SuppressionReason{reason}, nil
			}
			in := noticeInput("ADA@Example.com")
			out, err := run(t, f, f.steps.SendWelcomeEmail, in)
			require.NoError(t, err)
			if leftOut {
				require.Equal(t, workflows.SendResult{Suppressed: reason}, out)
				require.Empty(t, f.sent)
				require.Empty(t, f.recorded)
			} else {
				require.Len(t, f.sent, 1)
			}
			_, err = run(t, f, f.steps.SendOTP, otpInput(message.ChannelEmail))
			require.NoError(t, err)
			require.Equal(t, message.KindOTP, f.sent[len(f.sent)-1].Kind, "a code is always sent")
			_, err = run(t, f, f.steps.SendCompletionSMS, noticeInput(mobileNumber))
			require.NoError(t, err)
		})
	}
}

func TestUnreadableSuppressionListIsRetried(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ledger.suppressed = func(context.Context, string) ([]message.SuppressionReason, error) {
		return nil, errors.New("no connection")
	}
	_, err := run(t, f, f.steps.SendWelcomeEmail, noticeInput(emailAddress))
	require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
	f.ledger.undeliveredBy = func(context.Context, message.Key) ([]string, error) { return nil, errors.New("no connection") }
	_, err = run(t, f, f.steps.SendOTP, otpInput(message.ChannelSMS))
	require.Equal(t, string(workflows.ReasonDatabaseUnavailable), applicationError(t, err).Type())
	require.Empty(t, f.sent)
}
