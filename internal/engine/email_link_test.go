package engine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/engine"
	"registrar/workflows"
)

// fakeLink is the workflow of one link.
type fakeLink struct {
	client.Client
	client.WorkflowRun
	startErr, resultErr error

	started client.StartWorkflowOptions
	name    any
	in      []any
}

func (f *fakeLink) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, name any, in ...any) (client.WorkflowRun, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("without a deadline")
	}
	f.started, f.name, f.in = o, name, in
	return f, f.startErr
}

func (f *fakeLink) Get(ctx context.Context, out any) error {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("without a deadline")
	}
	*out.(*workflows.EmailLinkResult) = workflows.EmailLinkResult{Outcome: workflows.LinkConfirmed}
	return f.resultErr
}

func TestEmailLink(t *testing.T) {
	t.Parallel()
	f := new(fakeLink)
	in := workflows.EmailLinkInput{Action: workflows.ActionConfirm, RegistrationID: registrationID, AddressKey: "key"}
	out, err := registrations(f).EmailLink(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, workflows.EmailLinkResult{Outcome: workflows.LinkConfirmed}, out)
	require.Equal(t, []any{"EmailLinkWorkflow", []any{in}}, []any{f.name, f.in})

	require.Equal(t, "email-confirm-"+registrationID, f.started.ID)
	require.Equal(t, workflows.QueueRegistration, f.started.TaskQueue)
	require.Equal(t, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.started.WorkflowIDConflictPolicy)
	require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, f.started.WorkflowIDReusePolicy)
	require.False(t, f.started.WorkflowExecutionErrorWhenAlreadyStarted, "the earlier run has the result")
	status, ok := f.started.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus))
	require.True(t, ok)
	require.Equal(t, "accepted", status)
}

func TestEmailLinkWithoutAResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		link fakeLink
		want error
	}{
		"Temporal does not answer": {fakeLink{startErr: serviceerror.NewUnavailable("")}, engine.ErrUnavailable},
		"no answer to the start":   {fakeLink{startErr: context.DeadlineExceeded}, engine.ErrUnavailable},
		"the start is a defect":    {fakeLink{startErr: errUnavailable}, errUnavailable},
		"no result in time":        {fakeLink{resultErr: context.DeadlineExceeded}, engine.ErrUnconfirmed},
		"no connection any more":   {fakeLink{resultErr: serviceerror.NewUnavailable("")}, engine.ErrUnconfirmed},
		"abandoned by an operator": {fakeLink{resultErr: new(temporal.WorkflowExecutionError)}, engine.ErrUnavailable},
		"the result is a defect":   {fakeLink{resultErr: errUnavailable}, errUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := registrations(&tt.link).EmailLink(t.Context(), workflows.EmailLinkInput{})
			require.ErrorIs(t, err, tt.want)
		})
	}
}
