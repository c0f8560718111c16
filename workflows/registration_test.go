package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func TestRegistrationWithNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var otp workflows.OTPInput
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		otp = in
		return sentBy("twilio"), nil
	}
	var persisted workflows.PersistInput
	f.fake.persistUser = func(_ context.Context, in workflows.PersistInput) (workflows.PersistResult, error) {
		persisted = in
		return stored(user.StatusPending), nil
	}
	var welcome workflows.NoticeInput
	f.fake.sendWelcomeEmail = func(_ context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
		welcome = in
		return sentBy("mailgun"), nil
	}
	var activation user.Activation
	f.fake.activateUser = func(_ context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
		activation = in.Activation
		return workflows.ActivateResult{}, nil
	}
	right := f.verifyAt(time.Minute, 1)
	out, err := f.run()
	require.NoError(t, err)
	require.Equal(t, []any{workflows.StatusActive, "u-1", "fingerprint"}, []any{out.Status, out.UserID, out.Fingerprint})
	active(t, right)

	require.ElementsMatch(t, []string{"persist", "otp", "welcome", "activate", "completion"}, f.calls)
	require.Equal(t, "persist", f.calls[0])
	require.Equal(t, []string{"activate", "completion"}, f.calls[3:])
	require.Equal(t, workflows.OTPInput{
		RegistrationID: registrationID, UserID: "u-1", Sequence: 1, KeyID: 7, Channel: message.ChannelSMS, To: mobile,
		FirstName: "Ada", Locale: "en", Attributes: `{"company":"Acme"}`, CodeTTL: 10 * time.Minute,
	}, otp)
	require.Equal(t, workflows.NoticeInput{
		RegistrationID: registrationID, UserID: "u-1", To: emailAddress, FirstName: "Ada", Locale: "en", Attributes: `{"company":"Acme"}`,
		RequestedAt: f.in.RequestedAt, EmailCanonical: "ada.lovelace@example.com", ConfirmLink: true,
	}, welcome)
	require.Equal(t, user.Registration{
		ID: registrationID, Profile: f.in.Profile, PasswordHash: f.in.PasswordHash, RequestedAt: f.in.RequestedAt,
	}, persisted.Registration)
	require.Equal(t, mobile, activation.Mobile)
	require.False(t, activation.EmailProven)
	require.True(t, activation.MobileProven)
	require.False(t, out.EmailVerified)
	require.Equal(t, persisted.Registration, activation.Registration)
}

func TestRegistrationWithoutNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Profile.Mobile = ""
	f.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		require.Equal(t, message.ChannelEmail, in.Channel)
		require.Equal(t, emailAddress, in.To)
		return sentBy("mailgun"), nil
	}
	f.fake.activateUser = func(_ context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
		require.Empty(t, in.Activation.Mobile)
		require.True(t, in.Activation.EmailProven)
		require.False(t, in.Activation.MobileProven)
		return workflows.ActivateResult{}, nil
	}
	active := f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.True(t, active.value.Active)
	require.ElementsMatch(t, []string{"persist", "otp", "welcome", "activate"}, f.calls)
	require.Empty(t, f.attributes)
}

func TestRefusedByTheDatabase(t *testing.T) {
	t.Parallel()
	for code, want := range map[user.Code]workflows.RegistrationStatus{
		user.CodeEmailTaken:    workflows.StatusRejected,
		user.CodeUsernameTaken: workflows.StatusRejected,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
				return refused(code), nil
			}
			answer := f.persistedAt(0)
			out, err := f.run()
			require.NoError(t, err)
			require.Equal(t, []any{want, "", code}, []any{out.Status, out.UserID, out.Refusal})
			require.True(t, answer.done)
			require.Equal(t, want, answer.value.Status)
			require.Equal(t, code, answer.value.Refusal)
			require.Empty(t, answer.value.UserID)
			require.Equal(t, []string{"persist"}, f.calls)
			require.Equal(t, []string{string(want)}, f.attributes)
		})
	}
}

func TestPersistFallsBackFromTheWorkflowTask(t *testing.T) {
	t.Parallel()
	for _, locally := range []bool{true, false} {
		f := setup(t)
		f.in.Policy.PersistLocally = locally
		var local, regular int
		f.fake.persistUser = func(ctx context.Context, _ workflows.PersistInput) (workflows.PersistResult, error) {
			if activity.GetInfo(ctx).IsLocalActivity {
				local++
				return workflows.PersistResult{}, errors.New("connection lost")
			}
			regular++
			return stored(user.StatusPending), nil
		}
		answer := f.persistedAt(0)
		right := f.verifyAt(time.Minute, 1)
		f.ends(workflows.StatusActive)
		require.Equal(t, locally, local > 1)
		require.Equal(t, 1, regular)
		require.Equal(t, workflows.StatusPending, answer.value.Status)
		active(t, right)
	}
}

func TestUserIsAlreadyActive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		return stored(user.StatusActive), nil
	}
	answer := f.persistedAt(0)
	f.ends(workflows.StatusActive)
	require.Equal(t, workflows.StatusActive, answer.value.Status)
	require.Equal(t, "u-1", answer.value.UserID)
	require.ElementsMatch(t, []string{"persist", "activate", "welcome", "completion"}, f.calls)
	require.Empty(t, f.attributes)
}

func TestAllRequestsGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	failing := true
	f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		if failing {
			return workflows.PersistResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		return stored(user.StatusPending), nil
	}
	f.at(time.Hour, func() { failing = false })
	f.signalAt(time.Hour, workflows.SignalRetry)
	var answers []*answer[workflows.Persisted]
	for _, age := range []time.Duration{0, time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour} {
		answers = append(answers, f.persistedAt(age))
	}
	f.at(time.Minute, func() { require.False(t, answers[0].done) })
	f.resendAt(2*time.Hour, otherMobile)
	f.verifyAt(2*time.Hour, 2)
	f.fake.sendWelcomeEmail = stuck[workflows.NoticeInput]
	f.at(4*time.Hour, f.env.CancelWorkflow)
	_, err := f.run()
	require.True(t, temporal.IsCanceledError(err))
	first := answers[0].value
	require.Equal(t, workflows.StatusPending, first.Status)
	require.Equal(t, "u-1", first.UserID)
	require.Equal(t, "fingerprint", first.Fingerprint)
	require.Equal(t, message.ChannelSMS, first.Verification.Channel)
	require.Equal(t, user.MaskMobile(mobile), first.Verification.Destination)
	require.Equal(t, 10*time.Minute-30*time.Second, first.Verification.ExpiresAt.Sub(first.Verification.ResendAfter))
	for _, a := range answers {
		require.True(t, a.done)
		require.NoError(t, a.err)
		require.Equal(t, first, a.value)
	}
}
