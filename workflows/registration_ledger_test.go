package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/workflows"
)

// unrecorded is the result of a step whose message a provider took while the ledger could not be written.
func unrecorded(kind message.Kind, sequence int) workflows.SendResult {
	out := sentBy("acme")
	out.Unrecorded = &message.Entry{
		Key: message.Key{RegistrationID: registrationID, Kind: kind, Sequence: sequence}, UserID: "u-1", Receipt: out.Receipt,
	}
	return out
}

// withUnrecorded makes every step unable to write the ledger.
func (f *fixture) withUnrecorded() {
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		return unrecorded(message.KindOTP, in.Sequence), nil
	}
	f.fake.sendWelcomeEmail = func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
		return unrecorded(message.KindWelcome, 1), nil
	}
	f.fake.sendCompletionSMS = func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
		return unrecorded(message.KindCompletion, 1), nil
	}
}

// ledger stores the input of RecordMessage.
func (f *fixture) ledger() *[]message.Entry {
	entries := new([]message.Entry)
	f.fake.recordMessage = func(_ context.Context, in workflows.RecordInput) (workflows.RecordResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		*entries = append(*entries, in.Entry)
		return workflows.RecordResult{}, nil
	}
	return entries
}

func TestTheWorkflowWritesTheLedger(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.withUnrecorded()
	entries := f.ledger()
	right := f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	active(t, right)
	require.ElementsMatch(t, []message.Entry{
		*unrecorded(message.KindOTP, 1).Unrecorded, *unrecorded(message.KindWelcome, 1).Unrecorded,
		*unrecorded(message.KindCompletion, 1).Unrecorded,
	}, *entries)
	for _, step := range []string{"otp", "welcome", "completion"} {
		require.Equal(t, 1, f.called(step))
	}
}

// TestLateCodeDoesNotExtendALaterOne ends the sending of code 1 when code 2 has been requested and cannot be sent.
func TestLateCodeDoesNotExtendALaterOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Policy.ResendCooldown = time.Nanosecond
	f.in.Policy.CodeTTL = time.Hour
	second := make(chan struct{})
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		if in.Sequence == 1 {
			f.resendAt(time.Millisecond, "")
			<-second
			return sentBy("acme"), nil
		}
		close(second)
		return sentBy("acme"), failure(workflows.ReasonSMSUnavailable)
	}
	f.at(2*day, func() {
		require.Equal(t, workflows.ReasonSMSUnavailable, f.state().Reason)
		require.Equal(t, workflows.StatusFailed, f.state().Status, "the window waits for code 2")
	})
	f.at(3*day, f.env.CancelWorkflow)
	f.cancelled()
}

func TestLedgerStaysUnavailable(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"retried": workflows.SignalRetry, "abandoned": workflows.SignalAbandon} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.withUnrecorded()
			f.fake.recordMessage = outcomes[workflows.RecordInput](workflows.RecordResult{}, failure(workflows.ReasonDatabaseUnavailable))
			right := f.verifyAt(time.Minute, 1)
			f.at(time.Hour, func() {
				require.Equal(t, workflows.ReasonDatabaseUnavailable, f.state().Reason)
				require.Equal(t, workflows.StatusActive, f.state().Status, "the user is not affected")
				require.Contains(t, f.details(), "could not write the ledger")
			})
			f.signalAt(2*time.Hour, end)
			if name == "abandoned" {
				f.fails(workflows.ReasonDatabaseUnavailable)
				return
			}
			f.ends(workflows.StatusActive)
			active(t, right)
			require.Equal(t, 4, f.called("ledger"), "of three messages, one twice")
			require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
		})
	}
}

// TestUndeliveredBeforeTheLedgerHadIt sends the code again: the report came when the ledger did not have the message yet.
func TestUndeliveredBeforeTheLedgerHadIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	again := sentBy("other")
	f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
		if f.called("otp") == 1 {
			return unrecorded(message.KindOTP, 1), nil
		}
		return again, nil
	}
	f.fake.recordMessage = func(context.Context, workflows.RecordInput) (workflows.RecordResult, error) {
		return workflows.RecordResult{Undelivered: true}, nil
	}
	right := f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	active(t, right)
	require.Equal(t, 2, f.called("otp"))
	require.Contains(t, f.details(), "code 1 was reported undelivered by acme")
}

func TestExpiryWaitsForTheLedger(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.withUnrecorded()
	no := errorOf(workflows.ReasonDatabaseUnavailable)
	f.fake.recordMessage = outcomes[workflows.RecordInput](workflows.RecordResult{}, no, no, no)
	f.ends(workflows.StatusExpired)
	require.Equal(t, 5, f.called("ledger"), "of two messages")
}
