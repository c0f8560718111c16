package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"registrar/internal/message"
	"registrar/internal/secret"
	"registrar/workflows"
)

func TestSendWritesTheLedger(t *testing.T) {
	t.Parallel()
	wants := map[string]struct {
		kind     message.Kind
		sequence int
		to       string
		provider string
	}{
		"otp_sms":    {message.KindOTP, 2, mobileNumber, "twilio"},
		"otp_email":  {message.KindOTP, 2, emailAddress, "mailgun"},
		"welcome":    {message.KindWelcome, 1, emailAddress, "mailgun"},
		"completion": {message.KindCompletion, 1, mobileNumber, "twilio"},
	}
	for name, want := range wants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			before := time.Now()
			out, err := sends(t, f)[name]()
			require.NoError(t, err)
			receipt := message.Receipt{Provider: want.provider, MessageID: "id-of-" + want.provider}
			require.Equal(t, receipt, out.Receipt)

			require.Len(t, f.sent, 1)
			require.Equal(t, "r-1", f.sent[0].RegistrationID)
			require.Equal(t, want.kind, f.sent[0].Kind)
			require.Equal(t, channels[name], f.sent[0].Channel)
			require.Equal(t, want.to, f.sent[0].To)

			require.Len(t, f.recorded, 1)
			entry := f.recorded[0]
			require.WithinRange(t, entry.SentAt, before, time.Now())
			require.Equal(t, time.UTC, entry.SentAt.Location())
			entry.SentAt = time.Time{}
			require.Equal(t, message.Entry{
				Key:    message.Key{RegistrationID: "r-1", Kind: want.kind, Sequence: want.sequence},
				UserID: "u-1", Channel: channels[name], Receipt: receipt,
			}, entry)
			require.Empty(t, f.heartbeats)
		})
	}
}

func TestWelcomeEmailTellsTheDay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := noticeInput(emailAddress)
	in.Locale, in.RequestedAt = "de-AT", time.Date(2027, 1, 31, 22, 0, 0, 0, time.UTC)
	_, err := run(t, f, f.steps.SendWelcomeEmail, in)
	require.NoError(t, err)
	require.Contains(t, f.sent[0].Text, "Dieses Konto wurde am 31. Jänner 2027 (UTC) beantragt.")
}

func TestSendIsIdempotent(t *testing.T) {
	t.Parallel()
	for name := range channels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			_, err := sends(t, f)[name]()
			require.NoError(t, err)
			f.newAttempt()
			again, err := sends(t, f)[name]()
			require.NoError(t, err)
			require.Empty(t, again.Receipt)
			require.Len(t, f.sent, 1)
			require.Len(t, f.recorded, 1)
		})
	}
}

func TestReceiptSurvivesTheLedger(t *testing.T) {
	t.Parallel()
	for name := range channels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			record := f.ledger.record
			f.ledger.record = func(context.Context, message.Entry) error { return errors.New("connection lost") }
			for attempt := range 2 {
				_, err := sends(t, f)[name]()
				app := applicationError(t, err)
				require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
				require.False(t, app.NonRetryable())
				require.Len(t, f.heartbeats, attempt+1)
				f.newAttempt()
				f.env.SetHeartbeatDetails(f.heartbeats[attempt])
			}
			require.Equal(t, f.heartbeats[0], f.heartbeats[1])

			f.ledger.record = record
			out, err := sends(t, f)[name]()
			require.NoError(t, err)
			require.Equal(t, f.heartbeats[0], out.Receipt)
			require.Len(t, f.sent, 1)
			require.Len(t, f.recorded, 1)
			require.Equal(t, f.heartbeats[0], f.recorded[0].Receipt)
		})
	}
}

func TestHangingLedgerLeavesTimeForTheHeartbeat(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ledger.record = func(ctx context.Context, _ message.Entry) error {
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.LessOrEqual(t, deadline, activity.GetInfo(ctx).Deadline.Add(-time.Second))
		return context.DeadlineExceeded
	}
	_, err := sends(t, f)["otp_sms"]()
	require.Error(t, err)
	require.Len(t, f.heartbeats, 1)
}

func TestUnreadableHeartbeatIsNoReceipt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.env.SetHeartbeatDetails("not a receipt")
	out, err := sends(t, f)["welcome"]()
	require.NoError(t, err)
	require.Equal(t, "mailgun", out.Receipt.Provider)
	require.Len(t, f.sent, 1)
}

func TestLedgerThatCannotBeReadSendsNothing(t *testing.T) {
	t.Parallel()
	for name := range channels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.ledger.sent = func(context.Context, message.Key) (bool, error) { return false, errors.New("connection lost") }
			_, err := sends(t, f)[name]()
			app := applicationError(t, err)
			require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
			require.False(t, app.NonRetryable())
			require.Empty(t, f.sent)
			require.Empty(t, f.heartbeats)
		})
	}
}

// TestRepeatedCode loses the ledger's answer, so that the code is sent twice: the person gets the same one.
func TestRepeatedCode(t *testing.T) {
	t.Parallel()
	keyset, err := secret.GeneratePRF()
	require.NoError(t, err)
	handle, err := secret.ParsePRF(keyset)
	require.NoError(t, err)
	ring, err := secret.NewKeyring(handle)
	require.NoError(t, err)

	f := setup(t)
	f.codes.code = ring.Code
	f.ledger.sent = func(context.Context, message.Key) (bool, error) { return false, nil }
	in := otpInput(message.ChannelSMS)
	in.KeyID = ring.KeyID()
	for range 2 {
		_, err := run(t, f, f.steps.SendOTP, in)
		require.NoError(t, err)
		f.newAttempt()
	}
	require.Len(t, f.sent, 2)
	require.Equal(t, f.sent[0], f.sent[1])
	code, err := ring.Code(in.KeyID, in.RegistrationID, in.Sequence)
	require.NoError(t, err)
	require.Contains(t, f.sent[0].Text, code)
}

func TestCodeIsDerivedFromTheInput(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.codes.code = func(keyID uint32, registrationID string, sequence int) (string, error) {
		require.Equal(t, uint32(7), keyID)
		require.Equal(t, "r-1", registrationID)
		require.Equal(t, 2, sequence)
		return "987654", nil
	}
	render := f.messages.otp
	f.messages.otp = func(locale string, channel message.Channel, to string, data message.OTPData) (message.Message, error) {
		require.Equal(t, message.OTPData{Code: "987654", FirstName: firstName, TTL: 10 * time.Minute}, data)
		require.Equal(t, "en", locale)
		return render(locale, channel, to, data)
	}
	_, err := sends(t, f)["otp_sms"]()
	require.NoError(t, err)
	require.Contains(t, f.sent[0].Text, "987654")
}
