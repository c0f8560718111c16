package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// fakeNamespace has workflows by id. A cancelled workflow ends unless it is stuck.
type fakeNamespace struct {
	client.Client
	runs  map[string]*workflow.WorkflowExecutionInfo
	stuck bool

	cancelled, terminated []string
}

func (f *fakeNamespace) add(id string, status enums.WorkflowExecutionStatus, age time.Duration) {
	info := &workflow.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: id, RunId: "run of " + id}, Status: status}
	if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		info.CloseTime = timestamppb.New(time.Now().Add(-age))
	}
	f.runs[id] = info
}

func (f *fakeNamespace) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if info, ok := f.runs[id]; ok {
		return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
	}
	return nil, serviceerror.NewNotFound("")
}

// ListWorkflow understands WorkflowId STARTS_WITH and =, and returns all registrations for other queries.
func (f *fakeNamespace) ListWorkflow(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	out := &workflowservice.ListWorkflowExecutionsResponse{}
	for id, info := range f.runs {
		prefix, byPrefix := strings.CutPrefix(in.GetQuery(), "WorkflowId STARTS_WITH '")
		exact, byID := strings.CutPrefix(in.GetQuery(), "WorkflowId = '")
		switch {
		case byPrefix && strings.HasPrefix(id, strings.TrimSuffix(prefix, "'")), byID && id == strings.TrimSuffix(exact, "'"),
			!byPrefix && !byID && strings.HasPrefix(id, "registration-"):
			out.Executions = append(out.Executions, info)
		}
	}
	return out, nil
}

func (f *fakeNamespace) CancelWorkflow(_ context.Context, id, _ string) error {
	f.cancelled = append(f.cancelled, id)
	return nil
}

func (f *fakeNamespace) TerminateWorkflow(_ context.Context, id, _, _ string, _ ...any) error {
	f.terminated = append(f.terminated, id)
	return nil
}

func (f *fakeNamespace) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return fakeEnd{stuck: f.stuck}
}

type fakeEnd struct {
	client.WorkflowRun
	stuck bool
}

func (e fakeEnd) Get(ctx context.Context, _ any) error {
	if e.stuck {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (f *fakeNamespace) WorkflowService() workflowservice.WorkflowServiceClient {
	return fakeDelete{f: f}
}

type fakeDelete struct {
	workflowservice.WorkflowServiceClient
	f *fakeNamespace
}

func (d fakeDelete) DeleteWorkflowExecution(
	_ context.Context, in *workflowservice.DeleteWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DeleteWorkflowExecutionResponse, error) {
	id := in.GetWorkflowExecution().GetWorkflowId()
	if _, ok := d.f.runs[id]; !ok || in.GetNamespace() != "default" {
		return nil, serviceerror.NewNotFound("")
	}
	delete(d.f.runs, id)
	return &workflowservice.DeleteWorkflowExecutionResponse{}, nil
}

func executions(f *fakeNamespace) *engine.Executions {
	return engine.NewExecutions(f, engine.ExecutionOptions{
		Namespace: "default", StopTimeout: 50 * time.Millisecond, EmailHashes: func(string) []string { return []string{"hash"} },
	})
}

const userID = "0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023"

func lived() *fakeNamespace {
	f := &fakeNamespace{runs: map[string]*workflow.WorkflowExecutionInfo{}}
	f.add("registration-r-1", enums.WORKFLOW_EXECUTION_STATUS_RUNNING, 0)
	f.add("email-confirm-r-1", enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, time.Hour)
	f.add("registration-earlier", enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, time.Hour)
	f.add("user-change-"+userID+"-c-1", enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, time.Hour)
	f.add(workflows.UserChangeWorkflowID(userID, user.ErasureID(userID)), enums.WORKFLOW_EXECUTION_STATUS_RUNNING, 0)
	f.add("registration-of-somebody-else", enums.WORKFLOW_EXECUTION_STATUS_RUNNING, 0)
	return f
}

var erased = workflows.Erased{UserID: userID, RegistrationID: "r-1", Registrations: []string{"earlier"}}

func TestStopWorkflows(t *testing.T) {
	t.Parallel()
	for _, stuck := range []bool{false, true} {
		f := lived()
		f.stuck = stuck
		recent, err := executions(f).Stop(t.Context(), erased)
		require.NoError(t, err)
		require.True(t, recent)
		require.Equal(t, []string{"registration-r-1"}, f.cancelled)
		require.Equal(t, stuck, len(f.terminated) == 1)
	}
	for age, want := range map[time.Duration]bool{time.Second: true, time.Hour: false} {
		f := lived()
		f.add("registration-r-1", enums.WORKFLOW_EXECUTION_STATUS_CANCELED, age)
		recent, err := executions(f).Stop(t.Context(), erased)
		require.NoError(t, err)
		require.Equal(t, want, recent, "a registration that an earlier attempt stopped counts")
		require.Empty(t, f.cancelled)
	}
}

func TestDeleteWorkflows(t *testing.T) {
	t.Parallel()
	f := lived()
	require.ErrorIs(t, executions(f).Delete(t.Context(), erased), engine.ErrUnavailable, "the server deletes later")
	require.NoError(t, executions(f).Delete(t.Context(), erased))
	require.Len(t, f.runs, 2, "the erasure itself and other users stay")
	require.NoError(t, executions(f).Delete(t.Context(), workflows.Erased{RegistrationID: "unknown"}))
}

func TestFindWorkflows(t *testing.T) {
	t.Parallel()
	f := lived()
	for id, want := range map[string]bool{"r-1": true, "unknown": false} {
		found, err := executions(f).Exists(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
	ended, err := executions(f).EndedOf(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, []string{"earlier", "of-somebody-else", "r-1"}, ended)
}
