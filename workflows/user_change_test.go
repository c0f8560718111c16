package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/retention"
	"registrar/internal/user"
	"registrar/workflows"
)

// changeFake has the activities of changes.
type changeFake struct {
	changeUser      func(context.Context, workflows.ChangeUserInput) (user.ChangeResult, error)
	stopWorkflows   func(context.Context, workflows.StopWorkflowsInput) (workflows.StopWorkflowsResult, error)
	forgetLimits    func(context.Context, workflows.ErasedInput) (workflows.ErasedResult, error)
	eraseUser       func(context.Context, workflows.EraseUserInput) (user.ChangeResult, error)
	deleteHistories func(context.Context, workflows.ErasedInput) (workflows.ErasedResult, error)
	completeErasure func(context.Context, workflows.CompleteErasureInput) (workflows.ErasedResult, error)
	deleteExpired   func(context.Context, workflows.DeleteExpiredInput) (retention.Done, error)
}

func (f *changeFake) DeleteExpired(ctx context.Context, in workflows.DeleteExpiredInput) (retention.Done, error) {
	return f.deleteExpired(ctx, in)
}

func (f *changeFake) ChangeUser(ctx context.Context, in workflows.ChangeUserInput) (user.ChangeResult, error) {
	return f.changeUser(ctx, in)
}

func (f *changeFake) StopWorkflows(ctx context.Context, in workflows.StopWorkflowsInput) (workflows.StopWorkflowsResult, error) {
	return f.stopWorkflows(ctx, in)
}

func (f *changeFake) ForgetLimits(ctx context.Context, in workflows.ErasedInput) (workflows.ErasedResult, error) {
	return f.forgetLimits(ctx, in)
}

func (f *changeFake) EraseUser(ctx context.Context, in workflows.EraseUserInput) (user.ChangeResult, error) {
	return f.eraseUser(ctx, in)
}

func (f *changeFake) DeleteHistories(ctx context.Context, in workflows.ErasedInput) (workflows.ErasedResult, error) {
	return f.deleteHistories(ctx, in)
}

func (f *changeFake) CompleteErasure(ctx context.Context, in workflows.CompleteErasureInput) (workflows.ErasedResult, error) {
	return f.completeErasure(ctx, in)
}

const changedUserID = "0198c0de-0000-7000-8000-0000000000aa"

// changeFixture is a change on activities that succeed.
type changeFixture struct {
	*fixture
	change workflows.UserChangeInput
}

func setupChange(t *testing.T, kind user.ChangeKind) *changeFixture {
	t.Helper()
	policy := workflows.DefaultPolicy()
	f := &changeFixture{setup(t), workflows.UserChangeInput{
		ChangeID: "c-1", UserID: changedUserID, Kind: kind, Actor: "crm", At: input().RequestedAt,
		Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
	}}
	erased := workflows.Erased{UserID: changedUserID, RegistrationID: registrationID, Registrations: []string{"earlier"}}
	f.fake.changeFake = changeFake{
		changeUser: func(context.Context, workflows.ChangeUserInput) (user.ChangeResult, error) {
			return user.ChangeResult{Outcome: user.ChangeDone}, nil
		},
		stopWorkflows: func(_ context.Context, in workflows.StopWorkflowsInput) (workflows.StopWorkflowsResult, error) {
			require.Equal(t, changedUserID, in.ID)
			return workflows.StopWorkflowsResult{Found: true, Erased: erased}, nil
		},
		forgetLimits: func(_ context.Context, in workflows.ErasedInput) (workflows.ErasedResult, error) {
			require.Equal(t, erased, in.Erased)
			return workflows.ErasedResult{}, nil
		},
		eraseUser: func(_ context.Context, in workflows.EraseUserInput) (user.ChangeResult, error) {
			require.Equal(t, user.Erasure{
				ID: "c-1", Actor: "crm", At: f.change.At, UserID: changedUserID, RegistrationID: registrationID,
				Registrations: []string{"earlier"},
			}, in.Erasure)
			return user.ChangeResult{Outcome: user.ChangeDone}, nil
		},
		deleteHistories: func(_ context.Context, in workflows.ErasedInput) (workflows.ErasedResult, error) {
			require.Equal(t, erased, in.Erased)
			return workflows.ErasedResult{}, nil
		},
		completeErasure: func(_ context.Context, in workflows.CompleteErasureInput) (workflows.ErasedResult, error) {
			require.Equal(t, "c-1", in.ID)
			return workflows.ErasedResult{}, nil
		},
	}
	return f
}

func (f *fixture) registerChanges() {
	f.env.RegisterWorkflowWithOptions(workflows.UserChangeWorkflow, workflow.RegisterOptions{Name: workflows.UserChangeWorkflowType})
	f.env.RegisterWorkflowWithOptions(workflows.RetentionWorkflow, workflow.RegisterOptions{Name: workflows.RetentionWorkflowType})
	for name, run := range map[string]any{
		"ChangeUser":      noted(f, "change", &f.fake.changeUser),
		"StopWorkflows":   noted(f, "stop", &f.fake.stopWorkflows),
		"ForgetLimits":    noted(f, "forget", &f.fake.forgetLimits),
		"EraseUser":       noted(f, "erase", &f.fake.eraseUser),
		"DeleteHistories": noted(f, "delete", &f.fake.deleteHistories),
		"CompleteErasure": noted(f, "complete", &f.fake.completeErasure),
		"DeleteExpired":   noted(f, "expired", &f.fake.deleteExpired),
	} {
		f.env.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: name})
	}
}

func (f *changeFixture) run() (out workflows.UserChangeResult, err error) {
	f.t.Helper()
	id := workflows.UserChangeWorkflowID(f.change.UserID, f.change.ChangeID)
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id})
	f.env.ExecuteWorkflow(workflows.UserChangeWorkflowType, f.change)
	require.True(f.t, f.env.IsWorkflowCompleted())
	if err := f.env.GetWorkflowError(); err != nil {
		return out, err
	}
	require.NoError(f.t, f.env.GetWorkflowResult(&out))
	return out, nil
}

func TestUserChange(t *testing.T) {
	t.Parallel()
	for _, kind := range []user.ChangeKind{user.ChangeUpdate, user.ChangeConsent, user.ChangeBlock, user.ChangeUnblock} {
		for _, want := range []workflows.UserChangeResult{
			{Outcome: user.ChangeDone}, {Outcome: user.ChangeNotFound}, {Outcome: user.ChangeConflict, Conflict: "not_active"},
		} {
			t.Run(string(kind)+" "+string(want.Outcome), func(t *testing.T) {
				t.Parallel()
				f := setupChange(t, kind)
				name := "Ada"
				f.change.Set.FirstName = &name
				f.fake.changeUser = func(_ context.Context, in workflows.ChangeUserInput) (user.ChangeResult, error) {
					require.Equal(t, user.ChangeRequest{
						ID: "c-1", UserID: changedUserID, Kind: kind, Actor: "crm", At: f.change.At, Set: f.change.Set,
					}, in.Request)
					return user.ChangeResult{Outcome: want.Outcome, Conflict: want.Conflict}, nil
				}
				out, err := f.run()
				require.NoError(t, err)
				require.Equal(t, want, out)
				require.Equal(t, []string{"change"}, f.calls)
				require.Empty(t, f.attributes)
				require.Contains(t, f.details(), "**"+string(kind)+"** of user "+changedUserID)
				require.Contains(t, f.details(), string(kind)+": "+string(want.Outcome))
				require.NotContains(t, f.details(), "Ada")
			})
		}
	}
}

func TestUserChangeWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	for _, end := range []string{workflows.SignalRetry, workflows.SignalAbandon, "the parking time"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			f := setupChange(t, user.ChangeBlock)
			failures := 2
			succeed := f.fake.changeUser
			f.fake.changeUser = func(ctx context.Context, in workflows.ChangeUserInput) (user.ChangeResult, error) {
				if failures--; failures >= 0 {
					return user.ChangeResult{}, failure(workflows.ReasonDatabaseUnavailable)
				}
				return succeed(ctx, in)
			}
			f.at(time.Hour, func() { require.Contains(t, f.details(), "**database_unavailable**: could not change the user") })
			f.signalAt(2*time.Hour, end)
			out, err := f.run()
			if end == workflows.SignalRetry {
				require.NoError(t, err)
				require.Equal(t, user.ChangeDone, out.Outcome)
				require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
				return
			}
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
			require.Equal(t, []string{"failed database_unavailable"}, f.attributes)
		})
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	f := setupChange(t, user.ChangeErase)
	out, err := f.run()
	require.NoError(t, err)
	require.Equal(t, user.ChangeDone, out.Outcome)
	require.Equal(t, []string{"stop", "forget", "erase", "delete", "complete"}, f.calls)
}

func TestEraseOfAnUnknownUser(t *testing.T) {
	t.Parallel()
	f := setupChange(t, user.ChangeErase)
	f.fake.stopWorkflows = func(context.Context, workflows.StopWorkflowsInput) (workflows.StopWorkflowsResult, error) {
		return workflows.StopWorkflowsResult{}, nil
	}
	out, err := f.run()
	require.NoError(t, err)
	require.Equal(t, user.ChangeNotFound, out.Outcome)
	require.Equal(t, []string{"stop"}, f.calls)
}

// TestEraseWaitsForMessages erases a user whose registration was running: a message may still be written to the ledger.
func TestEraseWaitsForMessages(t *testing.T) {
	t.Parallel()
	f := setupChange(t, user.ChangeErase)
	stop := f.fake.stopWorkflows
	f.fake.stopWorkflows = func(ctx context.Context, in workflows.StopWorkflowsInput) (workflows.StopWorkflowsResult, error) {
		out, err := stop(ctx, in)
		out.Stopped = true
		return out, err
	}
	f.at(workflows.MessageTime-time.Second, func() { require.Equal(t, []string{"stop"}, f.calls) })
	_, err := f.run()
	require.NoError(t, err)
	require.Equal(t, []string{"stop", "forget", "erase", "delete", "complete"}, f.calls)
}

// TestEachStepOfAnEraseParks fails each step once for good. The steps before it do not run again.
func TestEachStepOfAnEraseParks(t *testing.T) {
	t.Parallel()
	all := []string{"stop", "forget", "erase", "delete", "complete"}
	for i, broken := range all {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			f := setupChange(t, user.ChangeErase)
			failsOnce := failure(workflows.ReasonDatabaseUnavailable)
			switch broken {
			case "stop":
				failFirst(&f.fake.stopWorkflows, failsOnce)
			case "forget":
				failFirst(&f.fake.forgetLimits, failsOnce)
			case "erase":
				failFirst(&f.fake.eraseUser, failsOnce)
			case "delete":
				failFirst(&f.fake.deleteHistories, failsOnce)
			default:
				failFirst(&f.fake.completeErasure, failsOnce)
			}
			f.signalAt(48*time.Hour, workflows.SignalRetry)
			out, err := f.run()
			require.NoError(t, err)
			require.Equal(t, user.ChangeDone, out.Outcome)
			require.Equal(t, slices.Insert(slices.Clone(all), i, broken), f.calls)
			require.Equal(t, []string{"failed database_unavailable", "accepted -"}, f.attributes)
		})
	}
}

// failFirst makes the first call of an activity fail.
func failFirst[I, O any](run *func(context.Context, I) (O, error), err error) {
	succeed, failed := *run, false
	*run = func(ctx context.Context, in I) (O, error) {
		if !failed {
			failed = true
			var none O
			return none, err
		}
		return succeed(ctx, in)
	}
}

func TestForeignChange(t *testing.T) {
	t.Parallel()
	f := setupChange(t, user.ChangeErase)
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.UserChangeWorkflowID("somebody else", "c-1")})
	f.env.ExecuteWorkflow(workflows.UserChangeWorkflowType, f.change)
	var app *temporal.ApplicationError
	require.ErrorAs(t, f.env.GetWorkflowError(), &app)
	require.Equal(t, workflows.ErrorForeignInput, app.Type())
	require.Empty(t, f.calls)
}
