package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"registrar/internal/message"
	"registrar/internal/render"
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
		})
	}
}

func TestWelcomeEmailShowsTheDate(t *testing.T) {
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

// TestUnrecordedMessageIsInTheResult: the message was sent, so the workflow gets the entry to record.
func TestUnrecordedMessageIsInTheResult(t *testing.T) {
	t.Parallel()
	for name := range channels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			record := f.ledger.record
			var refused message.Entry
			f.ledger.record = func(_ context.Context, entry message.Entry) error {
				refused = entry
				return errors.New("connection lost")
			}
			out, err := sends(t, f)[name]()
			require.NoError(t, err)
			require.NotEmpty(t, out.Receipt)
			require.NotNil(t, out.Unrecorded)
			require.Equal(t, refused, *out.Unrecorded)
			require.Empty(t, f.recorded)

			_, err = run(t, f, f.steps.RecordMessage, workflows.RecordInput{Entry: *out.Unrecorded})
			app := applicationError(t, err)
			require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
			require.False(t, app.NonRetryable())

			f.ledger.record = record
			recorded, err := run(t, f, f.steps.RecordMessage, workflows.RecordInput{Entry: *out.Unrecorded})
			require.NoError(t, err)
			require.False(t, recorded.Undelivered)
			require.Equal(t, []message.Entry{refused}, f.recorded)
			require.Len(t, f.sent, 1)

			f.ledger.record = func(context.Context, message.Entry) error { return message.ErrUndelivered }
			recorded, err = run(t, f, f.steps.RecordMessage, workflows.RecordInput{Entry: *out.Unrecorded})
			require.NoError(t, err)
			require.True(t, recorded.Undelivered)
		})
	}
}

func TestHangingLedgerLeavesTimeForTheResult(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ledger.record = func(ctx context.Context, _ message.Entry) error {
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.LessOrEqual(t, deadline, activity.GetInfo(ctx).Deadline.Add(-time.Second))
		return context.DeadlineExceeded
	}
	out, err := sends(t, f)["otp_sms"]()
	require.NoError(t, err)
	require.NotNil(t, out.Unrecorded)
}

func TestUnreadableLedgerSendsNothing(t *testing.T) {
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
		})
	}
}

// TestRepeatedCode loses the ledger entry, so that the code is sent twice: both messages have the same code.
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
	write := f.messages.otp
	f.messages.otp = func(locale string, channel message.Channel, to string, data render.OTPData) (message.Message, error) {
		require.Equal(t, render.OTPData{Code: "987654", FirstName: firstName, Attributes: attributes, TTL: 10 * time.Minute}, data)
		require.Equal(t, "en", locale)
		return write(locale, channel, to, data)
	}
	_, err := sends(t, f)["otp_sms"]()
	require.NoError(t, err)
	require.Contains(t, f.sent[0].Text, "987654")
}

func TestMessagesHaveTheAttributes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.known(true, nil)
	var got []string
	keep := func(values string) message.Message {
		got = append(got, values)
		return message.Message{Channel: message.ChannelEmail, To: emailAddress}
	}
	f.messages.otp = func(_ string, _ message.Channel, _ string, data render.OTPData) (message.Message, error) {
		return keep(data.Attributes), nil
	}
	f.messages.welcome = func(_, _ string, data render.WelcomeData) (message.Message, error) { return keep(data.Attributes), nil }
	f.messages.completion = func(_, _ string, data render.CompletionData) (message.Message, error) {
		return keep(data.Attributes), nil
	}
	f.messages.exists = func(_, _ string, data render.AccountExistsData) (message.Message, error) {
		return keep(data.Attributes), nil
	}
	f.messages.released = func(_, _ string, data render.EmailReleasedData) (message.Message, error) {
		return keep(data.Attributes), nil
	}
	all := sends(t, f)
	all["account_exists"] = func() (workflows.SendResult, error) {
		return run(t, f, f.steps.SendAccountExists, workflows.AccountExistsInput{EmailCanonical: emailAddress})
	}
	all["email_released"] = func() (workflows.SendResult, error) {
		return run(t, f, f.steps.SendEmailReleased, workflows.EmailReleasedInput{RegistrationID: "r-1"})
	}
	for name, send := range all {
		got = nil
		_, err := send()
		require.NoError(t, err, name)
		require.Equal(t, []string{attributes}, got, name)
	}
}
