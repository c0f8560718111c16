package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// signals requires that registrations are signalled as superseded.
func (f *fixture) signals(err error, registrationIDs ...string) {
	for _, id := range registrationIDs {
		f.env.OnSignalExternalWorkflow(mock.Anything, workflows.RegistrationWorkflowID(id), "",
			workflows.SignalSuperseded, nil).Return(err).Once()
	}
}

// told stores the registrations whose users are told that they lost the address. Each of the errors is returned once.
func (f *fixture) told(errs ...error) *[]string {
	told := new([]string)
	f.fake.sendEmailReleased = func(_ context.Context, in workflows.EmailReleasedInput) (workflows.SendResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		*told = append(*told, in.RegistrationID)
		if len(errs) > 0 {
			err := errs[0]
			errs = errs[1:]
			return workflows.SendResult{}, err
		}
		return sentBy("twilio"), nil
	}
	return told
}

func TestDisplacedRegistrations(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"running": nil, "gone": &temporal.UnknownExternalWorkflowExecutionError{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.contested()
			f.fake.activateUser = outcomes[workflows.ActivateInput](displacing([]string{"pending-1", "pending-2"}, "active-1", "active-2"))
			f.signals(err, "pending-1", "pending-2")
			told := f.told()
			right := f.verifyAt(time.Minute, 1)
			f.ends(workflows.StatusActive)
			active(t, right)
			f.env.AssertExpectations(t)
			require.Equal(t, []string{"active-1", "active-2"}, *told)
			require.Contains(t, f.details(), "superseded registration pending-2")
			require.Contains(t, f.details(), "SMS about the lost address to the user of registration active-1 sent through twilio")
		})
	}
}

// TestReleasedUserIsToldAfterARetry parks the SMS to the second user. The user of this registration is not affected, and its
// completion SMS does not wait.
func TestReleasedUserIsToldAfterARetry(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = outcomes[workflows.ActivateInput](displacing(nil, "active-1", "active-2"))
	tells := f.told()
	first := f.fake.sendEmailReleased
	f.fake.sendEmailReleased = func(ctx context.Context, in workflows.EmailReleasedInput) (workflows.SendResult, error) {
		out, err := first(ctx, in)
		if in.RegistrationID == "active-2" && f.called("released") == 2 {
			return workflows.SendResult{}, failure(workflows.ReasonSMSRejected)
		}
		return out, err
	}
	right := f.verifyAt(time.Minute, 1)
	f.at(time.Hour, func() {
		active(t, right)
		require.Equal(t, workflows.StatusActive, f.state().Status)
		require.Equal(t, workflows.ReasonSMSRejected, f.state().Reason)
		require.Equal(t, 1, f.called("completion"))
	})
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
	require.Equal(t, []string{"active-1", "active-2", "active-2"}, *tells)
	require.Equal(t, []string{"failed sms_rejected", "accepted -"}, f.attributes)
}

// TestReleasedUserIsToldBesideAParkedCompletion does not let a user wait for another user's number.
func TestReleasedUserIsToldBesideAParkedCompletion(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = outcomes[workflows.ActivateInput](displacing(nil, "active-1"))
	f.breakStep("completion", 1, failure(workflows.ReasonSMSRejected))
	f.verifyAt(time.Minute, 1)
	f.at(time.Hour, func() { require.Equal(t, 1, f.called("released")) })
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
}

// TestReleasedUserIsToldOnce writes the ledger after a retry, and does not send the SMS again.
func TestReleasedUserIsToldOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.activateUser = outcomes[workflows.ActivateInput](displacing(nil, "active-1", "active-2"))
	f.fake.sendEmailReleased = func(_ context.Context, in workflows.EmailReleasedInput) (workflows.SendResult, error) {
		out := unrecorded("email_released", 1)
		out.Unrecorded.RegistrationID = in.RegistrationID
		return out, nil
	}
	var recorded []message.Entry
	f.fake.recordMessage = func(_ context.Context, in workflows.RecordInput) (workflows.RecordResult, error) {
		if f.called("ledger") == 1 {
			return workflows.RecordResult{}, failure(workflows.ReasonDatabaseUnavailable)
		}
		recorded = append(recorded, in.Entry)
		return workflows.RecordResult{}, nil
	}
	f.verifyAt(time.Minute, 1)
	f.at(time.Hour, func() { require.Equal(t, workflows.ReasonDatabaseUnavailable, f.state().Reason) })
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
	require.Equal(t, 2, f.called("released"))
	require.Len(t, recorded, 2)
	require.Equal(t, "active-1", recorded[0].RegistrationID)
	require.Equal(t, "active-2", recorded[1].RegistrationID)
}

// TestReleasedUserIsToldAfterAReset runs an active registration again, which does not send the codes again.
func TestReleasedUserIsToldAfterAReset(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.persistUser = outcomes[workflows.PersistInput](storedBefore("active", 1))
	f.fake.activateUser = outcomes[workflows.ActivateInput](displacing(nil, "active-1"))
	told := f.told()
	f.ends(workflows.StatusActive)
	require.Equal(t, []string{"active-1"}, *told)
	require.Zero(t, f.called("otp"))
}
