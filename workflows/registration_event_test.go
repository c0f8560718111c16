package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
	"registrar/workflows"
)

// announces makes the store announce the stored user, and later the activation, which took the email from another user.
func (f *fixture) announces() {
	f.in.Policy.Budgets.Events = 72 * time.Hour
	f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		out := stored(user.StatusPending)
		out.Persisted.Announced = 1
		return out, nil
	}
	f.fake.activateUser = func(context.Context, workflows.ActivateInput) (workflows.ActivateResult, error) {
		return workflows.ActivateResult{Displaced: user.Displaced{Announced: []user.Announced{
			{RegistrationID: registrationID, Through: 3}, {RegistrationID: "loser", Through: 2},
		}}}, nil
	}
	f.fake.expireUser = func(context.Context, workflows.ExpireInput) (workflows.ExpireResult, error) {
		return workflows.ExpireResult{Announced: 2}, nil
	}
}

// delivered stores what is delivered. The receiver is down from an age to another one. The test environment ends an activity after
// 10 attempts, which take 9 minutes with the backoff of events.
func (f *fixture) delivered(down, up time.Duration) *[]string {
	calls := new([]string)
	start := f.env.Now()
	f.fake.deliverEvents = func(_ context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
		if age := f.env.Now().Sub(start); down <= age && age < up {
			return workflows.DeliverEventsResult{}, errorOf(workflows.ReasonEventUndelivered)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		*calls = append(*calls, fmt.Sprintf("%s through %d", in.RegistrationID, in.Through))
		return workflows.DeliverEventsResult{Through: in.Through}, nil
	}
	return calls
}

func TestEventsAreDelivered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.announces()
	calls := f.delivered(0, 0)
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.ElementsMatch(t, []string{registrationID + " through 1", registrationID + " through 3", "loser through 2"}, *calls)
	require.Equal(t, registrationID+" through 1", (*calls)[0])
	require.Empty(t, f.attributes)
}

func TestNoEventsNoDelivery(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Zero(t, f.called("deliver"))
	require.Zero(t, f.called("record"))
}

// A receiver that does not answer for minutes delays neither the code nor the activation, but only the end of the workflow.
func TestDeadReceiverDelaysNoUser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.announces()
	calls := f.delivered(0, 8*time.Minute)
	codes := f.sentCodes()
	verified := f.verifyAt(time.Minute, 1)
	f.at(time.Minute+time.Second, func() {
		require.Len(t, *codes, 1)
		active(t, verified)
		require.Equal(t, 1, f.called("welcome"))
		require.Equal(t, 1, f.called("completion"))
		require.Empty(t, *calls)
		require.Equal(t, workflows.StatusActive, f.state().Status)
		require.Empty(t, f.state().Reason)
	})
	f.ends(workflows.StatusActive)
	require.ElementsMatch(t, []string{registrationID + " through 3", "loser through 2"}, *calls)
}

// An endpoint refuses the events of the registration for minutes. The next attempt at them would begin a minute after the activation,
// but another endpoint must get the new event, and the event of the other user, at once.
func TestDeadReceiverDelaysNoOtherEndpoint(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.announces()
	start, began := f.env.Now(), map[string]time.Duration{}
	f.fake.deliverEvents = func(_ context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		call, age := fmt.Sprintf("%s through %d", in.RegistrationID, in.Through), f.env.Now().Sub(start)
		if _, again := began[call]; !again {
			began[call] = age
		}
		if in.RegistrationID == registrationID && age < 8*time.Minute {
			return workflows.DeliverEventsResult{}, errorOf(workflows.ReasonEventUndelivered)
		}
		return workflows.DeliverEventsResult{Through: in.Through}, nil
	}
	f.verifyAt(70*time.Second, 1)
	f.ends(workflows.StatusActive)
	require.Less(t, began[registrationID+" through 1"], time.Second)
	require.Equal(t, 70*time.Second, began[registrationID+" through 3"].Truncate(time.Second))
	require.Equal(t, 70*time.Second, began["loser through 2"].Truncate(time.Second))
}

// Until an operator retries, the parked events change nothing for the user.
func TestParkedEventsDoNotAffectTheUser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("deliver", 1, failure(workflows.ReasonEventUndelivered))
	f.at(time.Second, func() {
		require.Equal(t, workflows.StatusPending, f.state().Status)
		require.Equal(t, workflows.ReasonEventUndelivered, f.state().Reason)
		require.True(t, f.state().AwaitsCode)
	})
	verified := f.verifyAt(time.Minute, 1)
	f.at(time.Hour, func() {
		active(t, verified)
		require.Equal(t, workflows.StatusActive, f.state().Status)
	})
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
}

func TestEventsOfAnExpiredUser(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprint("cancelled ", cancelled), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.announces()
			calls := f.delivered(0, 8*time.Minute)
			f.in.Policy.VerificationWindow = 5 * time.Minute
			var in workflows.ExpireInput
			f.fake.expireUser = func(_ context.Context, got workflows.ExpireInput) (workflows.ExpireResult, error) {
				in = got
				return workflows.ExpireResult{Announced: 2}, nil
			}
			if cancelled {
				f.at(time.Minute, f.env.CancelWorkflow)
				f.cancelled()
			} else {
				f.ends(workflows.StatusExpired)
			}
			require.Equal(t, workflows.ExpireInput{RegistrationID: registrationID, Cancelled: cancelled}, in)
			require.Equal(t, []string{registrationID + " through 2"}, *calls, "one delivery for both")
		})
	}
}

// A registration of an earlier version, or of a service that had no endpoint, has no budget.
func TestEventsWithoutABudget(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.announces()
	f.in.Policy.Budgets.Events = 0
	calls := f.delivered(0, 8*time.Minute)
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Len(t, *calls, 2)
}
