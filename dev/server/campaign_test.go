package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

// addRecipients inserts n active users with a proven address and marketing consent, and returns their addresses. Their locale starts with
// de-x-<group>, so a campaign to that locale has no other recipients.
func (r *testService) addRecipients(t *testing.T, group string, n int) []string {
	t.Helper()
	db := database(t, r.stack.data, "?_pragma=busy_timeout(5000)&_txlock=immediate")
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	at := time.Now().UTC().Add(-time.Minute).Format("2006-01-02 15:04:05.000-07:00")
	addresses := make([]string, n)
	for i := range addresses {
		id := uuid.Must(uuid.NewV7()).String()
		addresses[i] = fmt.Sprintf("%s-%04d@example.org", group, i)
		_, err := tx.ExecContext(t.Context(), `INSERT INTO users
			(id, registration_id, email, email_canonical, password_hash, status, email_verified_at, requested_at, created_at, updated_at)
			VALUES (?, ?, ?, ?, 'none', 'active', ?, ?, ?, ?)`, id, uuid.NewString(), addresses[i], addresses[i], at, at, at, at)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), `INSERT INTO profiles
			(user_id, first_name, last_name, locale, marketing_consent, consent_at) VALUES (?, 'Ada', 'Lovelace', ?, TRUE, ?)`,
			id, "de-x-"+group+"-other", at)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	return addresses
}

func campaignTo(group string) workflows.CampaignInput {
	return workflows.CampaignInput{
		Campaign: campaign.Campaign{
			ID: uuid.NewString(), CreatedAt: time.Now().UTC(),
			Request: campaign.Request{Content: campaign.Content{
				Name: group, Subject: "News for {{first_name}}", Locale: "de-x-" + group,
				Text: "Hello {{first_name}}\n{{unsubscribe}}", HTML: `<p>Hello {{first_name}}</p><a href="{{unsubscribe}}">Leave</a>`,
			}},
		},
		BatchSize: 100, ParkingTime: time.Hour,
	}
}

func (r *testService) startCampaign(t *testing.T, c client.Client, in workflows.CampaignInput) client.WorkflowRun {
	t.Helper()
	started, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.CampaignWorkflowID(in.ID), TaskQueue: workflows.QueueRegistration, StaticSummary: "A campaign",
		TypedSearchAttributes: workflows.CampaignAttributes(campaign.StatusRunning),
	}, workflows.CampaignWorkflowType, in)
	require.NoError(t, err)
	return started
}

// campaignEnd waits for the result of a campaign. The timeout is longer than the timeout of a batch whose worker has died.
func campaignEnd(t *testing.T, run client.WorkflowRun) (workflows.CampaignProgress, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var p workflows.CampaignProgress
	err := run.Get(ctx, &p)
	require.NoError(t, ctx.Err())
	return p, err
}

// awaitBatches polls until the ledger has n batches of a campaign.
func (r *testService) awaitBatches(t *testing.T, campaignID string, n int) {
	t.Helper()
	await(t, "batches in the ledger", func() (int, bool) {
		have := lookUp[int](t, r.stack.data, "SELECT COUNT(*) FROM campaign_batches WHERE campaign_id = ?", campaignID)
		return have, have >= n
	})
}

// requireOnce requires that each address received the campaign exactly once and no other address received it.
func (r *testService) requireOnce(t *testing.T, campaignID string, addresses []string) {
	t.Helper()
	got := map[string]int{}
	for _, m := range r.stack.outbox.Sent("") {
		if m.Kind == message.KindCampaign && m.RegistrationID == campaignID {
			got[m.To]++
		}
	}
	require.Len(t, got, len(addresses))
	for _, to := range addresses {
		require.Equal(t, 1, got[to], to)
	}
}

func TestCampaignReachesEachRecipientOnceDespiteRestart(t *testing.T) {
	t.Parallel()
	const recipients = 1500 // fewer than the outbox keeps
	data := t.TempDir()
	stack, err := startStack(data, discardLogger(), nil)
	require.NoError(t, err)
	s := &testService{newTestClient(stack.base), stack}
	addresses := s.addRecipients(t, "restart", recipients)
	s.addRecipients(t, "others", 10)
	in := campaignTo("restart")
	in.Rate = 500 // 5 batches a second
	s.startCampaign(t, s.temporalClient(t), in)
	s.awaitBatches(t, in.ID, 5)
	require.NoError(t, stack.stop())
	before := lookUp[int](t, data, "SELECT COUNT(*) FROM campaign_batches")
	require.Less(t, before, recipients/100, "the campaign has not finished")

	s = startServiceIn(t, data, discardLogger())
	operator := s.temporalClient(t)
	p, err := campaignEnd(t, operator.GetWorkflow(t.Context(), workflows.CampaignWorkflowID(in.ID), ""))
	require.NoError(t, err)
	require.Equal(t, campaign.StatusCompleted, p.Status)
	require.Equal(t, []int{recipients, recipients, 0, recipients / 100}, []int{p.Recipients, p.Sent, p.Rejected, p.Batches})
	s.requireOnce(t, in.ID, addresses)
	require.Equal(t, recipients, lookUp[int](t, data, "SELECT SUM(size) FROM campaign_batches"))
	require.Equal(t, recipients, lookUp[int](t, data,
		"SELECT sent FROM campaigns WHERE id = ? AND status = 'completed' AND recipients = sent AND ended_at IS NOT NULL", in.ID))
	awaitFound(t, operator, "CampaignStatus='completed'", workflows.CampaignWorkflowID(in.ID))

	mail := s.outboxFor(t, addresses[0], message.KindCampaign)[0]
	require.Equal(t, "News for Ada", mail.Subject)
	require.Contains(t, mail.Text, "/unsubscribe?token=")
}

// If a campaign is cancelled while a provider processes a batch, the campaign waits for the batch and counts it.
func TestCancelledCampaignFinishesItsBatch(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.addRecipients(t, "cancel", 30)
	called, release := make(chan struct{}), make(chan struct{})
	second := "cancel-0010@example.org"
	s.stack.outbox.Fail(func(m message.Message) error {
		if m.To == second {
			close(called)
			<-release
		}
		return nil
	})
	in := campaignTo("cancel")
	in.BatchSize = 10
	operator := s.temporalClient(t)
	run := s.startCampaign(t, operator, in)
	select {
	case <-called:
	case <-time.After(time.Minute):
		require.FailNow(t, "the second batch was not sent")
	}
	require.NoError(t, operator.CancelWorkflow(t.Context(), run.GetID(), ""))
	await(t, "the cancellation", func() (string, bool) {
		history := s.eventTypes(t, operator, run.GetID())
		return history, strings.Contains(history, enums.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED.String())
	})
	close(release)
	_, err := campaignEnd(t, run)
	require.True(t, temporal.IsCanceledError(err), "%v", err)
	value, err := operator.QueryWorkflow(t.Context(), run.GetID(), "", workflows.QueryProgress)
	require.NoError(t, err)
	var p workflows.CampaignProgress
	require.NoError(t, value.Get(&p))
	require.Equal(t, []any{campaign.StatusCancelled, 20, 2}, []any{p.Status, p.Sent, p.Batches})
	require.Equal(t, 20, lookUp[int](t, s.stack.data, "SELECT sent FROM campaigns WHERE status = 'cancelled'"))
	awaitFound(t, operator, "CampaignStatus='cancelled'", run.GetID())
}

// eventTypes returns the types of a workflow's events. It requires that batches have the priority and fairness key of a campaign.
func (r *testService) eventTypes(t *testing.T, c client.Client, workflowID string) string {
	t.Helper()
	var types []string
	events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		types = append(types, event.GetEventType().String())
		scheduled := event.GetActivityTaskScheduledEventAttributes()
		if scheduled.GetActivityType().GetName() == "SendCampaignBatch" {
			require.EqualValues(t, 5, scheduled.GetPriority().GetPriorityKey())
			require.Equal(t, workflowID, scheduled.GetPriority().GetFairnessKey())
		}
	}
	return strings.Join(types, " ")
}
