package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/internal/message"
	"registrar/workflows"
)

// campaignScenarios are scenarios of a campaign to 25 recipients, in batches of 10.
var campaignScenarios = []struct {
	name     string
	evidence string // text that the history must contain
	run      func(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput)
}{
	{"campaign_completed", `"EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"`, runCampaignCompleted},
	{"campaign_paused", `"signalName": "resume"`, runCampaignPaused},
	{"campaign_parked_and_retried", `"signalName": "retry"`, runCampaignRetried},
	{"campaign_abandoned", `"EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"`, runCampaignAbandoned},
	{"campaign_cancelled", `"EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"`, runCampaignCancelled},
}

// TestHistoriesOfCampaigns replays the history of each scenario with the workflow's code.
func TestHistoriesOfCampaigns(t *testing.T) {
	t.Parallel()
	s := startService(t)
	c := s.temporalClient(t)
	for n, scenario := range campaignScenarios {
		t.Run(scenario.name, func(t *testing.T) {
			group := fmt.Sprintf("group%d", n) // a subtag of BCP 47 has 8 characters at most
			s.addRecipients(t, group, 25)
			in := campaignTo(group)
			in.BatchSize = 10
			scenario.run(t, s, c, in)
			s.checkHistory(t, scenario.name, workflows.CampaignWorkflowID(in.ID), scenario.evidence)
		})
	}
}

func runCampaignCompleted(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput) {
	in.Rate = 20
	in.ScheduleAt = time.Now().Add(time.Second)
	s.startCampaign(t, c, in)
}

func runCampaignPaused(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput) {
	in.Rate = 10
	run := s.startCampaign(t, c, in)
	s.awaitBatches(t, in.ID, 1)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", workflows.SignalPause, nil))
	awaitFound(t, c, "CampaignStatus='paused'", run.GetID())
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", workflows.SignalResume, nil))
}

func runCampaignRetried(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput) {
	parkCampaign(t, s, c, in, workflows.SignalRetry)
}

func runCampaignAbandoned(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput) {
	parkCampaign(t, s, c, in, workflows.SignalAbandon)
}

func runCampaignCancelled(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput) {
	in.Rate = 10
	run := s.startCampaign(t, c, in)
	s.awaitBatches(t, in.ID, 1)
	require.NoError(t, c.CancelWorkflow(t.Context(), run.GetID(), ""))
}

// parkCampaign makes the provider refuse the account after the first batch. When the campaign has parked, it sends a signal.
func parkCampaign(t *testing.T, s *testService, c client.Client, in workflows.CampaignInput, signal string) {
	t.Helper()
	eleventh := in.Content.Name + "-0010@example.org"
	down := s.breakProvider(func(m message.Message) bool { return m.To == eleventh },
		&message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "401"})
	run := s.startCampaign(t, c, in)
	awaitFound(t, c, "CampaignStatus='failed' AND FailureReason='email_misconfigured' AND ExecutionStatus='Running'", run.GetID())
	down.over.Store(true)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", signal, nil))
}
