package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

func TestEmailLink(t *testing.T) {
	t.Parallel()
	f := new(fakeChange)
	in := workflows.EmailLinkInput{Action: workflows.ActionConfirm, RegistrationID: registrationID, AddressKey: "key"}
	out, err := registrations(f).EmailLink(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, workflows.EmailLinkResult{Outcome: workflows.LinkConfirmed}, out)
	require.Equal(t, []any{"EmailLinkWorkflow", []any{in}}, []any{f.name, f.in})
	require.Equal(t, []string{f.started.ID, "made", "made"}, []string{f.update.WorkflowID, f.update.UpdateName, f.update.UpdateID})

	require.Equal(t, "email-confirm-"+registrationID, f.started.ID)
	require.Equal(t, workflows.QueueRegistration, f.started.TaskQueue)
	require.Equal(t, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.started.WorkflowIDConflictPolicy)
	require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, f.started.WorkflowIDReusePolicy)
	status, ok := f.started.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus))
	require.True(t, ok)
	require.Equal(t, "accepted", status)
}
