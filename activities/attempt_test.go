package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// detailsOf returns the details of the last attempt in an activity's error.
func detailsOf(t *testing.T, err error) workflows.Attempt {
	t.Helper()
	var details workflows.Attempt
	require.NoError(t, applicationError(t, err).Details(&details))
	return details
}

func TestFailedAttemptIsRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sms.send = func(context.Context, message.Message) (message.Receipt, error) {
		return message.Receipt{}, &message.Error{Provider: "twilio", Failure: message.Misconfigured, Code: "20003"}
	}
	_, err := sends(t, f)["otp_sms"]()
	require.Equal(t, workflows.Attempt{Number: 1, Provider: "twilio", ProviderCode: "20003"}, detailsOf(t, err))
	require.Len(t, f.attempts, 1)
	require.WithinDuration(t, time.Now(), f.attempts[0].At, time.Minute)
	f.attempts[0].At = time.Time{}
	require.Equal(t, message.Attempt{
		Key:     message.Key{RegistrationID: "r-1", Kind: message.KindOTP, Sequence: 2},
		Channel: message.ChannelSMS, Number: 1, Provider: "twilio", Failure: message.Misconfigured, Code: "20003",
	}, f.attempts[0])
}

func TestFailureToRecordAnAttemptIsIgnored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ledger.recordAttempt = func(context.Context, message.Attempt) error { return errStore }
	f.sms.send = func(context.Context, message.Message) (message.Receipt, error) {
		return message.Receipt{}, errWithPersonalData
	}
	_, err := sends(t, f)["otp_sms"]()
	require.Equal(t, string(workflows.ReasonSMSUnavailable), applicationError(t, err).Type())
	require.Equal(t, workflows.Attempt{Number: 1}, detailsOf(t, err))
}

func TestPausedProviderIsNotAnAttempt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.email.send = func(context.Context, message.Message) (message.Receipt, error) {
		return message.Receipt{}, &message.Error{Provider: "mailgun", Failure: message.Unavailable, Code: message.CodePaused}
	}
	_, err := sends(t, f)["welcome"]()
	require.Equal(t, workflows.Attempt{Number: 1, Provider: "mailgun", ProviderCode: "paused"}, detailsOf(t, err))
	require.False(t, applicationError(t, err).NonRetryable())
	require.Empty(t, f.attempts)
}

// TestPersistUserReturnsTheCodesSentToAResetRun covers the only case in which PersistUser reads the ledger.
func TestPersistUserReturnsTheCodesSentToAResetRun(t *testing.T) {
	t.Parallel()
	in := workflows.PersistInput{Registration: user.Registration{ID: "r-1"}}
	for name, c := range map[string]struct {
		persisted user.Persisted
		want      int
	}{
		"first run":  {user.Persisted{UserID: "u-1", Status: user.StatusPending}, 0},
		"pending":    {user.Persisted{UserID: "u-1", Status: user.StatusPending, Again: true}, 3},
		"active":     {user.Persisted{UserID: "u-1", Status: user.StatusActive, Again: true}, 0},
		"contested":  {user.Persisted{UserID: "u-1", Status: user.StatusPending, Contested: true}, 0},
		"in trouble": {user.Persisted{UserID: "u-2", Status: user.StatusPending, Again: true}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.users.persist = func(context.Context, user.Registration) (user.Persisted, error) { return c.persisted, nil }
			f.ledger.lastSequence = func(_ context.Context, id string, kind message.Kind) (int, error) {
				require.Equal(t, "r-1", id)
				require.Equal(t, message.KindOTP, kind)
				if c.want < 0 {
					return 0, errors.New("look up messages: away")
				}
				return c.want, nil
			}
			out, err := run(t, f, f.steps.PersistUser, in)
			if c.want < 0 {
				requireDatabaseError(t, err)
				require.Equal(t, workflows.Attempt{Number: 1}, detailsOf(t, err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, workflows.PersistResult{Persisted: c.persisted, CodesSent: c.want}, out)
		})
	}
}
