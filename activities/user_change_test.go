package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/retention"
	"registrar/internal/user"
	"registrar/workflows"
)

// erasuresFake is a store with one subject.
type erasuresFake struct {
	subject   user.Subject
	found     bool
	err       error
	erased    []user.Erasure
	completed []string
}

func (f *erasuresFake) Subject(context.Context, string) (user.Subject, bool, error) {
	return f.subject, f.found, f.err
}

func (f *erasuresFake) WithoutUser(_ context.Context, ids []string) ([]string, error) {
	return ids[:1], f.err
}

func (f *erasuresFake) Erase(_ context.Context, e user.Erasure) (user.ChangeResult, error) {
	f.erased = append(f.erased, e)
	return user.ChangeResult{Outcome: user.ChangeDone}, f.err
}

func (f *erasuresFake) CompleteErasure(_ context.Context, id string, _ time.Time) error {
	f.completed = append(f.completed, id)
	return f.err
}

// executionsFake are workflows, of which one has just ended.
type executionsFake struct {
	exists           bool
	err              error
	stopped, deleted workflows.Erased
}

func (f *executionsFake) Exists(context.Context, string) (bool, error) { return f.exists, f.err }
func (f *executionsFake) EndedOf(_ context.Context, canonical string) ([]string, error) {
	return []string{"of " + canonical, "with a user"}, f.err
}

func (f *executionsFake) Stop(_ context.Context, e workflows.Erased) (bool, error) {
	f.stopped = e
	return true, f.err
}

func (f *executionsFake) Delete(_ context.Context, e workflows.Erased) error {
	f.deleted = e
	return f.err
}

type limitsFake struct {
	forgotten []string
	err       error
}

func (f *limitsFake) Forget(_ context.Context, email, mobile string) error {
	f.forgotten = append(f.forgotten, email, mobile)
	return f.err
}

var subject = user.Subject{UserID: "u-1", RegistrationID: "r-1", Email: "ada@example.com", Mobile: "+491701234567", HoldsEmail: true}

func requireReason(t *testing.T, err error, reason workflows.FailureReason) {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, string(reason), app.Type())
	require.False(t, app.NonRetryable())
}

func TestStopWorkflows(t *testing.T) {
	t.Parallel()
	erasures, running := &erasuresFake{subject: subject, found: true}, &executionsFake{}
	f := setup(t)
	f.steps.Erasures, f.steps.Executions = erasures, running
	stop := func() (workflows.StopWorkflowsResult, error) {
		f.newAttempt()
		return run(t, f, f.steps.StopWorkflows, workflows.StopWorkflowsInput{ID: "r-1"})
	}
	out, err := stop()
	require.NoError(t, err)
	want := workflows.Erased{UserID: "u-1", RegistrationID: "r-1", Registrations: []string{"of ada@example.com"}}
	require.Equal(t, workflows.StopWorkflowsResult{Found: true, Erased: want, Stopped: true}, out)
	require.Equal(t, want, running.stopped)

	erasures.subject.HoldsEmail = false
	out, err = stop()
	require.NoError(t, err)
	require.Empty(t, out.Registrations, "another person may have used the address")

	erasures.subject, erasures.found, running.exists = user.Subject{}, false, true
	out, err = stop()
	require.NoError(t, err)
	require.Equal(t, workflows.Erased{RegistrationID: "r-1"}, out.Erased)

	running.exists = false
	out, err = stop()
	require.NoError(t, err)
	require.False(t, out.Found)

	running.err = errors.New("no connection")
	_, err = stop()
	requireReason(t, err, workflows.ReasonTemporalUnavailable)
	erasures.err = errStore
	_, err = stop()
	requireDatabaseError(t, err)
}

func TestForgetLimits(t *testing.T) {
	t.Parallel()
	f, limits := setup(t), &limitsFake{}
	in := workflows.ErasedInput{Erased: workflows.Erased{UserID: "u-1", RegistrationID: "r-1"}}
	forget := func() error {
		f.newAttempt()
		_, err := run(t, f, f.steps.ForgetLimits, in)
		return err
	}
	require.NoError(t, forget(), "without a shared store")
	erasures := &erasuresFake{subject: subject, found: true}
	f.steps.Limits, f.steps.Erasures = limits, erasures
	require.NoError(t, forget())
	require.Equal(t, []string{"ada@example.com", "+491701234567"}, limits.forgotten)
	limits.err = errors.New("no connection")
	requireReason(t, forget(), workflows.ReasonLimitsUnavailable)
	erasures.found = false
	require.NoError(t, forget(), "an erased user has no destinations")
	erasures.err = errStore
	requireDatabaseError(t, forget())
}

func TestEraseUser(t *testing.T) {
	t.Parallel()
	f, erasures, running := setup(t), &erasuresFake{}, &executionsFake{}
	f.steps.Erasures, f.steps.Executions = erasures, running
	in := user.Erasure{ID: "e-1", UserID: "u-1"}
	out, err := run(t, f, f.steps.EraseUser, workflows.EraseUserInput{Erasure: in})
	require.NoError(t, err)
	require.Equal(t, user.ChangeDone, out.Outcome)
	require.Equal(t, []user.Erasure{in}, erasures.erased)
	f.newAttempt()
	_, err = run(t, f, f.steps.DeleteHistories, workflows.ErasedInput{Erased: workflows.Erased{UserID: "u-1"}})
	require.NoError(t, err)
	require.Equal(t, "u-1", running.deleted.UserID)
	f.newAttempt()
	_, err = run(t, f, f.steps.CompleteErasure, workflows.CompleteErasureInput{ID: "e-1"})
	require.NoError(t, err)
	require.Equal(t, []string{"e-1"}, erasures.completed)
}

// expiringFake has three pages of each rule.
type expiringFake struct {
	pages []retention.Page
	err   error
}

func (f *expiringFake) DeleteExpired(_ context.Context, p retention.Page) (retention.Done, error) {
	f.pages = append(f.pages, p)
	return retention.Done{Deleted: 2, After: p.After + "+", More: len(f.pages) < 3}, f.err
}

func TestDeleteExpired(t *testing.T) {
	t.Parallel()
	f, rows := setup(t), &expiringFake{}
	f.steps.Expiring, f.steps.Retention = rows, retention.Settings{Ledger: 48 * time.Hour}
	began := time.Now()
	out, err := run(t, f, f.steps.DeleteExpired, workflows.DeleteExpiredInput{Rule: retention.Ledger, After: "r"})
	require.NoError(t, err)
	require.Equal(t, retention.Done{Deleted: 6, After: "r+++"}, out)
	require.Equal(t, []string{"r", "r+", "r++"}, []string{rows.pages[0].After, rows.pages[1].After, rows.pages[2].After})
	require.WithinDuration(t, began.Add(-48*time.Hour), rows.pages[2].Before, time.Minute)

	f.newAttempt()
	out, err = run(t, f, f.steps.DeleteExpired, workflows.DeleteExpiredInput{Rule: retention.Audit})
	require.NoError(t, err)
	require.Zero(t, out, "0 keeps the rows")
	require.Len(t, rows.pages, 3)

	rows.err = errStore
	f.newAttempt()
	_, err = run(t, f, f.steps.DeleteExpired, workflows.DeleteExpiredInput{Rule: retention.Reports})
	requireDatabaseError(t, err)
}
