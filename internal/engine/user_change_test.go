package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// fakeChange is the workflow of one change of a user, or of one link.
type fakeChange struct {
	client.Client
	updateErr, answerErr, confirmErr, resultErr error

	started client.StartWorkflowOptions
	name    any
	in      []any
	update  client.UpdateWorkflowOptions
}

type fakeStart struct {
	client.WithStartWorkflowOperation
}

func (f *fakeChange) NewWithStartWorkflowOperation(o client.StartWorkflowOptions, name any, in ...any) client.WithStartWorkflowOperation {
	f.started, f.name, f.in = o, name, in
	return fakeStart{}
}

func (f *fakeChange) UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("without a deadline")
	}
	f.update = o.UpdateOptions
	return fakeHandle{err: f.answerErr}, f.updateErr
}

func (f *fakeChange) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, f.confirmErr
}

func (f *fakeChange) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return fakeChangeEnd{err: f.resultErr}
}

type fakeHandle struct {
	client.WorkflowUpdateHandle
	err error
}

func (h fakeHandle) Get(_ context.Context, out any) error {
	switch out := out.(type) {
	case *workflows.UserChangeResult:
		*out = workflows.UserChangeResult{Outcome: user.ChangeDone}
	case *workflows.EmailLinkResult:
		*out = workflows.EmailLinkResult{Outcome: workflows.LinkConfirmed}
	}
	return h.err
}

type fakeChangeEnd struct {
	client.WorkflowRun
	err error
}

func (r fakeChangeEnd) Get(_ context.Context, out any) error {
	*out.(*workflows.UserChangeResult) = workflows.UserChangeResult{Outcome: user.ChangeNotFound}
	return r.err
}

func change(kind user.ChangeKind) workflows.UserChangeInput {
	return workflows.UserChangeInput{ChangeID: "c-1", UserID: "u-1", Kind: kind}
}

func TestChange(t *testing.T) {
	t.Parallel()
	for kind, reuse := range map[user.ChangeKind]enums.WorkflowIdReusePolicy{
		user.ChangeBlock: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		user.ChangeErase: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	} {
		f := new(fakeChange)
		out, err := engine.NewChanges(f, 0).Change(t.Context(), change(kind))
		require.NoError(t, err)
		require.Equal(t, user.ChangeDone, out.Outcome)
		require.Equal(t, "user-change-u-1-c-1", f.started.ID)
		require.Equal(t, workflows.QueueRegistration, f.started.TaskQueue)
		require.Equal(t, reuse, f.started.WorkflowIDReusePolicy)
		require.Equal(t, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.started.WorkflowIDConflictPolicy)
		require.Equal(t, []string{f.started.ID, "made", "made"}, []string{f.update.WorkflowID, f.update.UpdateName, f.update.UpdateID})
	}
}

func TestChangeWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	closed := temporal.NewNonRetryableApplicationError("", string(workflows.RefusedClosed), nil)
	unknown := temporal.NewApplicationError("unknown update made. KnownUpdates=[]", "")
	unavailable := serviceerror.NewUnavailable("")
	for name, tt := range map[string]struct {
		fake fakeChange
		want error
	}{
		"no result in time":            {fakeChange{answerErr: context.DeadlineExceeded}, engine.ErrUnconfirmed},
		"no answer to the start":       {fakeChange{updateErr: unavailable}, engine.ErrUnconfirmed},
		"Temporal does not answer":     {fakeChange{updateErr: unavailable, confirmErr: unavailable}, engine.ErrUnavailable},
		"a worker of an older release": {fakeChange{answerErr: unknown}, engine.ErrUnconfirmed},
		"abandoned":                    {fakeChange{answerErr: closed}, engine.ErrUnavailable},
		"a defect":                     {fakeChange{updateErr: errUnavailable}, errUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.NewChanges(&tt.fake, 0).Change(t.Context(), change(user.ChangeBlock))
			require.ErrorIs(t, err, tt.want)
		})
	}
}

// TestChangeThatEnded: the workflow ended before a call waited for the Update.
func TestChangeThatEnded(t *testing.T) {
	t.Parallel()
	ended := fmt.Errorf("start: %w", serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""))
	out, err := engine.NewChanges(&fakeChange{updateErr: ended}, 0).Change(t.Context(), change(user.ChangeBlock))
	require.NoError(t, err)
	require.Equal(t, user.ChangeNotFound, out.Outcome)
	_, err = engine.NewChanges(&fakeChange{updateErr: ended, resultErr: errUnavailable}, 0).Change(t.Context(), change(user.ChangeBlock))
	require.ErrorIs(t, err, errUnavailable)
}
