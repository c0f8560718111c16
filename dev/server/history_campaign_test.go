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

// campaignStories are ways that a campaign to 25 people, in batches of 10, can take.
var campaignStories = []struct {
	name  string
	shows string // in the history: it is the story that its name says
	tell  func(t *testing.T, s *running, c client.Client, in workflows.CampaignInput)
}{
	{"campaign_completed", `"EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"`, tellCampaignCompleted},
	{"campaign_paused", `"signalName": "resume"`, tellCampaignPaused},
	{"campaign_parked_and_retried", `"signalName": "retry"`, tellCampaignRetried},
	{"campaign_abandoned", `"EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"`, tellCampaignAbandoned},
	{"campaign_cancelled", `"EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"`, tellCampaignCancelled},
}

// Every story of a campaign can be told again by the workflow's code from its history.
func TestHistoriesOfCampaigns(t *testing.T) {
	t.Parallel()
	s := launch(t)
	c := s.temporalClient(t)
	for n, story := range campaignStories {
		t.Run(story.name, func(t *testing.T) {
			group := fmt.Sprintf("story%d", n)
			s.readers(t, group, 25)
			in := campaignTo(group)
			in.BatchSize = 10
			story.tell(t, s, c, in)
			s.checkHistory(t, story.name, workflows.CampaignWorkflowID(in.CampaignID), story.shows)
		})
	}
}

func tellCampaignCompleted(t *testing.T, s *running, c client.Client, in workflows.CampaignInput) {
	in.Rate = 20
	in.ScheduleAt = time.Now().Add(time.Second)
	s.startCampaign(t, c, in)
}

func tellCampaignPaused(t *testing.T, s *running, c client.Client, in workflows.CampaignInput) {
	in.Rate = 10
	run := s.startCampaign(t, c, in)
	s.awaitBatches(t, in.CampaignID, 1)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", workflows.SignalPause, nil))
	awaitFound(t, c, "CampaignStatus='paused'", run.GetID())
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", workflows.SignalResume, nil))
}

func tellCampaignRetried(t *testing.T, s *running, c client.Client, in workflows.CampaignInput) {
	parkCampaign(t, s, c, in, workflows.SignalRetry)
}

func tellCampaignAbandoned(t *testing.T, s *running, c client.Client, in workflows.CampaignInput) {
	parkCampaign(t, s, c, in, workflows.SignalAbandon)
}

func tellCampaignCancelled(t *testing.T, s *running, c client.Client, in workflows.CampaignInput) {
	in.Rate = 10
	run := s.startCampaign(t, c, in)
	s.awaitBatches(t, in.CampaignID, 1)
	require.NoError(t, c.CancelWorkflow(t.Context(), run.GetID(), ""))
}

// parkCampaign lets the provider refuse the account after the first batch, and sends a signal when the campaign has parked.
func parkCampaign(t *testing.T, s *running, c client.Client, in workflows.CampaignInput, signal string) {
	t.Helper()
	eleventh := in.Content.Name + "-0010@example.org"
	down := s.breakProvider(func(m message.Message) bool { return m.To == eleventh },
		&message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "401"})
	run := s.startCampaign(t, c, in)
	awaitFound(t, c, "CampaignStatus='failed' AND FailureReason='email_misconfigured' AND ExecutionStatus='Running'", run.GetID())
	down.over.Store(true)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", signal, nil))
}
