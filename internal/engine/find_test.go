package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar/internal/engine"
	"registrar/workflows"
)

var errUnavailable = errors.New("no connection")

func registrations(c client.Client) *engine.Registrations {
	return engine.NewRegistrations(c, engine.RegistrationOptions{})
}

type fakeSearcher struct {
	client.Client
	found   []*workflow.WorkflowExecutionInfo
	state   workflows.RegistrationState
	err     error
	query   string
	queried []string
}

func (f *fakeSearcher) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	f.query = r.GetQuery()
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: f.found}, f.err
}

func (f *fakeSearcher) QueryWorkflow(ctx context.Context, workflowID, _, _ string, _ ...any) (converter.EncodedValue, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("without a deadline")
	}
	f.queried = append(f.queried, workflowID)
	if f.state.Status == "" {
		return nil, errUnavailable
	}
	return encoded{f.state}, nil
}

type encoded struct{ state workflows.RegistrationState }

func (encoded) HasValue() bool { return true }

func (e encoded) Get(out any) error {
	*out.(*workflows.RegistrationState) = e.state //nolint:forcetypeassert // what find asks for
	return nil
}

func execution(t *testing.T, id string, status enums.WorkflowExecutionStatus, age time.Duration, attributes map[string]string) *workflow.WorkflowExecutionInfo {
	t.Helper()
	info := &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: workflows.RegistrationWorkflowID(id), RunId: "run-of-" + id},
		Status:    status, StartTime: timestamppb.New(noon.Add(-age)),
		SearchAttributes: &common.SearchAttributes{IndexedFields: map[string]*common.Payload{}},
	}
	if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		info.CloseTime = timestamppb.New(noon)
	}
	for name, value := range attributes {
		p, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		info.SearchAttributes.IndexedFields[name] = p
	}
	return info
}

func TestFind(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{workflows.AttributeStatus: "accepted"}
	parked := map[string]string{workflows.AttributeStatus: "failed", workflows.AttributeFailureReason: "sms_misconfigured"}
	f := &fakeSearcher{
		state: workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending}},
		found: []*workflow.WorkflowExecutionInfo{
			execution(t, "old", enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, 3*time.Hour, accepted),
			execution(t, "new", enums.WORKFLOW_EXECUTION_STATUS_RUNNING, time.Hour, accepted),
			execution(t, "parked", enums.WORKFLOW_EXECUTION_STATUS_RUNNING, 2*time.Hour, parked),
		},
	}
	found, err := registrations(f).FindByEmail(t.Context(), []string{"aaa", "bbb"})
	require.NoError(t, err)
	require.Equal(t, "EmailHash IN ('aaa', 'bbb')", f.query)
	require.Equal(t, []engine.Found{
		{
			RegistrationID: "new", RunID: "run-of-new", Status: workflows.StatusAccepted, LiveStatus: workflows.StatusPending,
			WorkflowStatus: "Running", Started: noon.Add(-time.Hour),
		},
		{
			RegistrationID: "parked", RunID: "run-of-parked", Status: workflows.StatusFailed, Reason: workflows.ReasonSMSMisconfigured,
			WorkflowStatus: "Running", Started: noon.Add(-2 * time.Hour),
		},
		{
			RegistrationID: "old", RunID: "run-of-old", Status: workflows.StatusAccepted,
			WorkflowStatus: "Completed", Started: noon.Add(-3 * time.Hour), Closed: noon,
		},
	}, found)
	require.Equal(t, []string{"registration-new"}, f.queried, "only if the search attribute is accepted")

	f.state.Status = ""
	found, err = registrations(f).FindByID(t.Context(), "new")
	require.NoError(t, err, "best effort")
	require.Empty(t, found[0].LiveStatus)
	require.Equal(t, "WorkflowId = 'registration-new'", f.query)
	f.err = errUnavailable
	_, err = registrations(f).FindByID(t.Context(), "new")
	require.ErrorIs(t, err, errUnavailable)
}
