package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/user"
	"registrar/workflows"
)

// linkFixture is a link on activities that succeed.
type linkFixture struct {
	*fixture
	link workflows.EmailLinkInput
}

// setupLink sets up a link whose step has a result. The errors are returned before.
func setupLink(t *testing.T, action workflows.EmailLinkAction, out workflows.EmailLinkStepResult, errs ...error) *linkFixture {
	t.Helper()
	policy := workflows.DefaultPolicy()
	f := &linkFixture{setup(t), workflows.EmailLinkInput{
		Action: action, RegistrationID: registrationID, AddressKey: "key-of-the-email", RequestedAt: input().RequestedAt,
		Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
	}}
	step := func(_ context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkStepResult, error) {
		require.Equal(t, f.link, in)
		if len(errs) > 0 {
			err := errs[0]
			errs = errs[1:]
			return workflows.EmailLinkStepResult{}, err
		}
		return out, nil
	}
	if action == workflows.ActionConfirm {
		f.fake.confirmEmail = step
	} else {
		f.fake.disownEmail = step
	}
	return f
}

func (f *linkFixture) run() (out workflows.EmailLinkResult, err error) {
	f.t.Helper()
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.EmailLinkWorkflowID(f.link.Action, registrationID)})
	f.env.ExecuteWorkflow(workflows.EmailLinkWorkflowType, f.link)
	require.True(f.t, f.env.IsWorkflowCompleted())
	if err := f.env.GetWorkflowError(); err != nil {
		return out, err
	}
	require.NoError(f.t, f.env.GetWorkflowResult(&out))
	return out, nil
}

func TestEmailLink(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		action  workflows.EmailLinkAction
		outcome workflows.EmailLinkOutcome
		lost    user.Displaced
		call    string
	}{
		"confirmed":        {workflows.ActionConfirm, workflows.LinkConfirmed, user.Displaced{}, "confirm"},
		"displaced":        {workflows.ActionConfirm, workflows.LinkConfirmed, user.Displaced{Superseded: []string{"p"}, Released: []string{"a", "b"}}, "confirm"},
		"void":             {workflows.ActionConfirm, workflows.LinkVoid, user.Displaced{}, "confirm"},
		"pending disowned": {workflows.ActionDisown, workflows.LinkDisowned, user.Displaced{Superseded: []string{registrationID}}, "disown"},
		"active disowned":  {workflows.ActionDisown, workflows.LinkDisowned, user.Displaced{Released: []string{registrationID}}, "disown"},
		"too late":         {workflows.ActionDisown, workflows.LinkTooLate, user.Displaced{}, "disown"},
		"nothing to do":    {workflows.ActionDisown, workflows.LinkVoid, user.Displaced{}, "disown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupLink(t, tt.action, workflows.EmailLinkStepResult{Outcome: tt.outcome, Displaced: tt.lost})
			f.signals(nil, tt.lost.Superseded...)
			told := f.told()
			out, err := f.run()
			require.NoError(t, err)
			require.Equal(t, tt.outcome, out.Outcome)
			f.env.AssertExpectations(t)
			require.Len(t, *told, len(tt.lost.Released))
			require.Equal(t, 1, f.called(tt.call))
			require.Empty(t, f.attributes)
			require.Contains(t, f.details(), "**"+string(tt.action)+"** of registration "+registrationID)
			require.Contains(t, f.details(), string(tt.action)+": "+string(tt.outcome))
		})
	}
}

func TestEmailLinkWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	unavailable := failure(workflows.ReasonDatabaseUnavailable)
	for _, action := range []workflows.EmailLinkAction{workflows.ActionConfirm, workflows.ActionDisown} {
		for _, end := range []string{workflows.SignalRetry, workflows.SignalAbandon, "the parking time"} {
			t.Run(string(action)+end, func(t *testing.T) {
				t.Parallel()
				f := setupLink(t, action, workflows.EmailLinkStepResult{Outcome: workflows.LinkVoid}, unavailable, unavailable)
				f.at(time.Hour, func() { require.Contains(t, f.details(), "**database_unavailable**: could not") })
				f.signalAt(2*time.Hour, end)
				out, err := f.run()
				if end == workflows.SignalRetry {
					require.NoError(t, err)
					require.Equal(t, workflows.LinkVoid, out.Outcome)
					require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
					return
				}
				var app *temporal.ApplicationError
				require.ErrorAs(t, err, &app)
				require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
				require.Equal(t, []string{"failed database_unavailable"}, f.attributes)
				require.Contains(t, f.details(), "Then reset this run to its first workflow task.")
			})
		}
	}
}

// TestEmailLinkTellsAfterARetry parks the SMS to a user who lost the address. The step that changed the database does not run
// again.
func TestEmailLinkTellsAfterARetry(t *testing.T) {
	t.Parallel()
	f := setupLink(t, workflows.ActionConfirm, workflows.EmailLinkStepResult{
		Outcome: workflows.LinkConfirmed, Displaced: user.Displaced{Released: []string{"a"}},
	})
	told := f.told(failure(workflows.ReasonSMSUnavailable))
	f.signalAt(time.Hour, workflows.SignalRetry)
	out, err := f.run()
	require.NoError(t, err)
	require.Equal(t, workflows.LinkConfirmed, out.Outcome)
	require.Equal(t, []string{"a", "a"}, *told)
	require.Equal(t, 1, f.called("confirm"))
	require.Equal(t, []string{"failed sms_unavailable", "accepted -"}, f.attributes)
}

// TestEmailLinkIsMadeBeforeItsEventsAreDelivered: neither the receiver nor the provider delays the answer to a link.
func TestEmailLinkIsMadeBeforeItsEventsAreDelivered(t *testing.T) {
	t.Parallel()
	f := setupLink(t, workflows.ActionConfirm, workflows.EmailLinkStepResult{Outcome: workflows.LinkConfirmed, Displaced: user.Displaced{
		Released: []string{"a"}, Announced: []user.Announced{{RegistrationID: registrationID, Through: 3}},
	}})
	f.told(failure(workflows.ReasonSMSUnavailable))
	failFirst(&f.fake.deliverEvents, failure(workflows.ReasonEventUndelivered))
	made := updateAt[workflows.EmailLinkResult](f.fixture, time.Minute, workflows.UpdateMade)
	f.at(2*time.Minute, func() { require.True(t, made.done) })
	f.signalAt(time.Hour, workflows.SignalRetry)
	out, err := f.run()
	require.NoError(t, err)
	require.Equal(t, workflows.EmailLinkResult{Outcome: workflows.LinkConfirmed}, out)
	require.NoError(t, made.err)
	require.Equal(t, out, made.value)
}

// TestEmailLinkThatIsNotMade refuses the Update of a link that an operator abandons.
func TestEmailLinkThatIsNotMade(t *testing.T) {
	t.Parallel()
	f := setupLink(t, workflows.ActionConfirm, workflows.EmailLinkStepResult{}, failure(workflows.ReasonDatabaseUnavailable), failure(workflows.ReasonDatabaseUnavailable))
	made := updateAt[workflows.EmailLinkResult](f.fixture, time.Minute, workflows.UpdateMade)
	f.signalAt(time.Hour, workflows.SignalAbandon)
	_, err := f.run()
	require.Error(t, err)
	made.refusedAs(t, workflows.RefusedClosed)
}

func TestEmailLinkWorkflowID(t *testing.T) {
	t.Parallel()
	require.Equal(t, "email-confirm-r", workflows.EmailLinkWorkflowID(workflows.ActionConfirm, "r"))
	require.Equal(t, "email-not-me-r", workflows.EmailLinkWorkflowID(workflows.ActionDisown, "r"))
}
