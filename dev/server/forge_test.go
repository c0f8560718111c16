package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// intruder returns a client of Temporal without keys.
func (r *testService) intruder(t *testing.T) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: r.stack.locations[len(r.stack.locations)-1].Address, Logger: log.NewStructuredLogger(discardLogger()),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// startForged starts a workflow of a registration and returns how it ended.
func startForged(t *testing.T, c client.Client, id, workflowType string, input ...any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.RegistrationWorkflowID(id), TaskQueue: workflows.QueueRegistration,
	}, workflowType, input...)
	require.NoError(t, err)
	err = run.Get(ctx, nil)
	require.NoError(t, ctx.Err(), "the workflow ends")
	return err
}

// inputOf returns the encrypted input of a registration's workflow.
func inputOf(t *testing.T, c client.Client, id string) *common.Payload {
	t.Helper()
	events := c.GetWorkflowHistory(t.Context(), workflows.RegistrationWorkflowID(id), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	started, err := events.Next()
	require.NoError(t, err)
	return started.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()[0]
}

// A client of Temporal without keys starts a registration with codes of its own.
func TestForgedRegistrationFails(t *testing.T) {
	t.Parallel()
	s := shared(t)
	intruder, form := s.intruder(t), newForm()
	id := uuid.NewString()
	forged := workflows.RegistrationInput{
		RegistrationID: id, RequestedAt: time.Now(), Policy: workflows.DefaultPolicy(), PasswordHash: "$argon2id$",
		Profile:     user.Profile{FirstName: "Eve", LastName: "Intruder", Email: form.Email, EmailCanonical: form.Email, Locale: "en"},
		CodeDigests: make([]string, workflows.CodesOf(workflows.DefaultPolicy())),
	}
	require.Error(t, startForged(t, intruder, id, workflows.RegistrationWorkflowType, forged))
	victim := s.mustRegister(t, newForm()).RegistrationID
	copied := converter.NewRawValue(inputOf(t, intruder, victim))
	for name, input := range map[string][]any{"copied from another registration": {copied}, "missing": nil} {
		for _, workflowType := range []string{workflows.RegistrationWorkflowType, workflows.CampaignWorkflowType} {
			require.Error(t, startForged(t, intruder, uuid.NewString(), workflowType, input...), "%s, %s", name, workflowType)
		}
	}

	require.Empty(t, s.outboxFor(t, form.Email, message.KindOTP))
	require.Empty(t, s.outboxFor(t, form.Email, message.KindWelcome))
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, victim).Status)
	s.mustRegister(t, form) // nothing holds the address
}

// The encrypted input of a registration, started once more under its own id after the registration has ended, has the right
// keys but is not for the workflow type of campaigns.
func TestInputOfAnotherWorkflowType(t *testing.T) {
	t.Parallel()
	s := shared(t)
	intruder := s.intruder(t)
	id := s.mustRegister(t, newForm()).RegistrationID
	input := converter.NewRawValue(inputOf(t, intruder, id))
	require.NoError(t, intruder.TerminateWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", "test"))
	err := startForged(t, intruder, id, workflows.CampaignWorkflowType, input)
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, workflows.ErrorForeignInput, failed.Type())
	require.True(t, failed.NonRetryable())
}

// A client of Temporal without keys sends Updates and signals to a registration. They have no effect and do no harm.
func TestForgedUpdatesAndSignalsHaveNoEffect(t *testing.T) {
	t.Parallel()
	s := shared(t)
	intruder, form, phone := s.intruder(t), newForm(), newForm().MobileNumber
	id := s.mustRegister(t, form).RegistrationID
	workflowID := workflows.RegistrationWorkflowID(id)
	code := s.awaitCode(t, form.MobileNumber, 1)
	copied := converter.NewRawValue(inputOf(t, intruder, s.mustRegister(t, newForm()).RegistrationID))

	for name, input := range map[string][]any{
		workflows.UpdateResendOTP: {workflows.ResendInput{Mobile: phone}},
		workflows.UpdateVerify:    {workflows.VerifyInput{Digests: []string{"forged"}}},
	} {
		for _, args := range [][]any{input, nil, {copied}} {
			update, err := intruder.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
				WorkflowID: workflowID, UpdateName: name, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
			})
			if err == nil {
				err = update.Get(t.Context(), nil)
			}
			require.Error(t, err, name)
		}
	}
	undelivered := workflows.Undelivered{Kind: message.KindOTP, Sequence: 1, Provider: "outbox"}
	require.NoError(t, intruder.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalUndelivered, undelivered))
	require.NoError(t, intruder.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalSuperseded, nil))
	_, err := intruder.WorkflowService().SignalWorkflowExecution(t.Context(), &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID},
		SignalName: workflows.SignalSuperseded,
	})
	require.NoError(t, err)

	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	s.requireActive(t, id, code)
	require.Empty(t, s.outboxFor(t, phone, message.KindOTP))
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
}

// tctl and temporal send the budget as text that is not encrypted for the workflow.
func TestBudgetFromOperatorsTools(t *testing.T) {
	t.Parallel()
	s := shared(t)
	id := s.mustRegister(t, newForm()).RegistrationID
	workflowID, operator := workflows.RegistrationWorkflowID(id), s.temporalClient(t)
	require.NoError(t, s.intruder(t).SignalWorkflow(t.Context(), workflowID, "", workflows.SignalBudget, "otp=2h"))
	await(t, "the new budget in the details", func() (string, bool) {
		var metadata sdk.WorkflowMetadata
		value, err := operator.QueryWorkflow(t.Context(), workflowID, "", "__temporal_workflow_metadata")
		require.NoError(t, err)
		require.NoError(t, value.Get(&metadata))
		return metadata.GetCurrentDetails(), strings.Contains(metadata.GetCurrentDetails(), "otp=2h0m0s")
	})
}

// A registration of the earlier release waits while its payloads are refused, and continues when they are accepted again.
func TestUpgradeToBoundPayloads(t *testing.T) {
	t.Parallel()
	data, form := t.TempDir(), newForm()
	earlier, err := startStack(data, discardLogger(), []string{"PAYLOAD_LEGACY=write"})
	require.NoError(t, err)
	s := &testService{newTestClient(earlier.base), earlier}
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	workflowID := workflows.RegistrationWorkflowID(id)
	require.NotContains(t, inputOf(t, s.intruder(t), id).GetMetadata(), "binding")
	require.NoError(t, earlier.stop())

	refusing, err := startStack(data, discardLogger(), nil)
	require.NoError(t, err)
	s = &testService{newTestClient(refusing.base), refusing}
	operator := s.temporalClient(t)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, nil))
	await(t, "a failed task", func() (string, bool) {
		history := s.eventTypes(t, operator, workflowID)
		return history, strings.Contains(history, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED.String())
	})
	require.NoError(t, refusing.stop())

	s = startServiceIn(t, data, discardLogger(), "PAYLOAD_LEGACY=read")
	s.awaitActive(t, id, code)
	bound := s.mustRegister(t, newForm()).RegistrationID
	require.Contains(t, inputOf(t, s.intruder(t), bound).GetMetadata(), "binding")
}
