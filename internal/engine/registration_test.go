package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/query/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/internal/engine"
	"registrar/workflows"
)

const registrationID = "01a20a43-ae35-75be-93e4-4754a219b2f4"

// fakeRegistration is one registration's workflow. Its end needs no worker; everything else does.
type fakeRegistration struct {
	client.Client
	state    workflows.RegistrationState
	queryErr error // no worker answers
	stopped  bool  // the workflow did not complete cleanly
	status   enums.WorkflowExecutionStatus
	result   workflows.RegistrationResult
	startErr error
	update   error
	signal   error

	describeErr error
}

func (f *fakeRegistration) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (f *fakeRegistration) UpdateWithStartWorkflow(context.Context, client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return nil, f.update
}

func (f *fakeRegistration) UpdateWorkflow(context.Context, client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return nil, f.update
}

func (f *fakeRegistration) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, f.startErr
}

func (f *fakeRegistration) SignalWorkflow(context.Context, string, string, string, any) error {
	return f.signal
}

func (f *fakeRegistration) QueryWorkflowWithOptions(_ context.Context, r *client.QueryWorkflowWithOptionsRequest) (*client.QueryWorkflowWithOptionsResponse, error) {
	switch {
	case f.queryErr != nil:
		return nil, f.queryErr
	case f.stopped && r.QueryRejectCondition == enums.QUERY_REJECT_CONDITION_NOT_OPEN:
		return &client.QueryWorkflowWithOptionsResponse{QueryRejected: &query.QueryRejected{Status: f.status}}, nil
	}
	return &client.QueryWorkflowWithOptionsResponse{QueryResult: encoded{f.state}}, nil
}

func (f *fakeRegistration) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: id, RunId: "run"}, Status: f.status,
	}}, f.describeErr
}

func (f *fakeRegistration) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return fakeResult{result: f.result}
}

type fakeResult struct {
	client.WorkflowRun
	result workflows.RegistrationResult
}

func (r fakeResult) Get(_ context.Context, out any) error {
	*out.(*workflows.RegistrationResult) = r.result
	return nil
}

var noWorker = serviceerror.NewFailedPrecondition("no poller seen for task queue recently")

func TestState(t *testing.T) {
	t.Parallel()
	pending := workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending, Fingerprint: "f"}}
	active := workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive}}
	for name, tt := range map[string]struct {
		workflow fakeRegistration
		want     workflows.RegistrationStatus
		err      error
	}{
		"running":                       {workflow: fakeRegistration{state: pending}, want: workflows.StatusPending},
		"terminated while pending":      {workflow: fakeRegistration{state: pending, stopped: true}, want: workflows.StatusFailed},
		"completed":                     {workflow: fakeRegistration{stopped: true, status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, result: workflows.RegistrationResult{Outcome: active.Outcome}}, want: workflows.StatusActive},
		"terminated after activation":   {workflow: fakeRegistration{state: active, stopped: true}, want: workflows.StatusActive},
		"unknown":                       {workflow: fakeRegistration{queryErr: serviceerror.NewNotFound("")}, err: engine.ErrNotFound},
		"running, no worker":            {workflow: fakeRegistration{queryErr: noWorker, status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING}, err: engine.ErrUnavailable},
		"completed, no worker":          {workflow: fakeRegistration{queryErr: noWorker, status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, result: workflows.RegistrationResult{Outcome: workflows.Outcome{Status: workflows.StatusSuperseded}}}, want: workflows.StatusSuperseded},
		"failed, no worker":             {workflow: fakeRegistration{queryErr: noWorker, status: enums.WORKFLOW_EXECUTION_STATUS_FAILED}, want: workflows.StatusFailed},
		"cancelled, no worker":          {workflow: fakeRegistration{queryErr: noWorker, status: enums.WORKFLOW_EXECUTION_STATUS_CANCELED}, want: workflows.StatusExpired},
		"the query itself is a mistake": {workflow: fakeRegistration{queryErr: errUnavailable}, err: errUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := registrations(&tt.workflow).State(t.Context(), registrationID)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, s.Status)
		})
	}
}

func TestRegisterWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	r := func(f fakeRegistration) (workflows.Persisted, error) {
		o := engine.RegistrationOptions{EmailHash: func(string) string { return "hash" }, WaitBudget: time.Second}
		return engine.NewRegistrations(&f, o).Register(t.Context(), workflows.RegistrationInput{RegistrationID: registrationID})
	}
	ended := serviceerror.NewWorkflowExecutionAlreadyStarted("", "", "")

	_, err := r(fakeRegistration{update: serviceerror.NewDeadlineExceeded("")})
	require.ErrorIs(t, err, engine.ErrUnconfirmed, "the second start succeeded")
	_, err = r(fakeRegistration{update: serviceerror.NewDeadlineExceeded(""), startErr: serviceerror.NewUnavailable("")})
	require.ErrorIs(t, err, engine.ErrUnavailable)
	_, err = r(fakeRegistration{update: errUnavailable})
	require.ErrorIs(t, err, errUnavailable)
	require.NotErrorIs(t, err, engine.ErrUnavailable)

	out, err := r(fakeRegistration{update: ended, state: workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive, Fingerprint: "f"}}})
	require.NoError(t, err)
	require.Equal(t, workflows.Persisted{Outcome: workflows.Outcome{Status: workflows.StatusActive, Fingerprint: "f"}}, out)
	_, err = r(fakeRegistration{update: ended, queryErr: noWorker, status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED})
	require.ErrorIs(t, err, engine.ErrUnavailable, "a registration without a fingerprint may be another request's")
}

func TestUpdatesOfEndedRegistrations(t *testing.T) {
	t.Parallel()
	refused := func(err error) workflows.Refusal {
		var r *workflows.RefusedError
		require.ErrorAs(t, err, &r)
		return r.Refusal
	}
	for status, want := range map[workflows.RegistrationStatus]workflows.Refusal{
		workflows.StatusActive: workflows.RefusedWrongCode, workflows.StatusExpired: workflows.RefusedClosed, workflows.StatusFailed: workflows.RefusedClosed,
	} {
		gone := &fakeRegistration{update: serviceerror.NewNotFound("completed"), state: workflows.RegistrationState{Outcome: workflows.Outcome{Status: status}}}
		_, err := registrations(gone).Verify(t.Context(), registrationID, workflows.VerifyInput{})
		require.Equal(t, want, refused(err), status)
		_, err = registrations(gone).ResendOTP(t.Context(), registrationID, workflows.ResendInput{})
		if status == workflows.StatusActive {
			want = workflows.RefusedActive
		}
		require.Equal(t, want, refused(err), status)
	}
	right := workflows.VerifyInput{Digests: []string{"other", "digest"}}
	done := workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive, CodeDigest: "digest"}}
	_, repeated := registrations(&fakeRegistration{update: serviceerror.NewNotFound("completed"), state: done}).Verify(t.Context(), registrationID, right)
	require.Equal(t, workflows.RefusedActive, refused(repeated), "the code that activated it")
	slow := &fakeRegistration{update: serviceerror.NewDeadlineExceeded(""), state: workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending}, Activating: true}}
	_, err := registrations(slow).Verify(t.Context(), registrationID, workflows.VerifyInput{})
	require.ErrorIs(t, err, engine.ErrUnconfirmed)
	slow.state.Activating = false
	_, err = registrations(slow).Verify(t.Context(), registrationID, workflows.VerifyInput{})
	require.ErrorIs(t, err, engine.ErrUnavailable)
}

func TestUndelivered(t *testing.T) {
	t.Parallel()
	report := func(signal error) error {
		return registrations(&fakeRegistration{signal: signal}).Undelivered(t.Context(), registrationID, workflows.Undelivered{})
	}
	require.NoError(t, report(nil))
	require.NoError(t, report(serviceerror.NewNotFound("completed")))
	require.ErrorIs(t, report(serviceerror.NewUnavailable("")), engine.ErrUnavailable)
	require.ErrorIs(t, report(errUnavailable), errUnavailable)
	require.NotErrorIs(t, report(errUnavailable), engine.ErrUnavailable)
}

func TestExists(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		describeErr, want error
		exists            bool
	}{
		{nil, nil, true},
		{serviceerror.NewNotFound("no such workflow"), nil, false},
		{serviceerror.NewUnavailable("down"), engine.ErrUnavailable, false},
	} {
		exists, err := registrations(&fakeRegistration{describeErr: tt.describeErr}).Exists(t.Context(), registrationID)
		require.ErrorIs(t, err, tt.want)
		require.Equal(t, tt.exists, exists)
	}
}
