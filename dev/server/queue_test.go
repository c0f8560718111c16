package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// backlog is a workflow that puts many batches of a campaign on the queue at once, with the options of CampaignWorkflow, which
// puts only one. Each batch goes to the campaign's first recipient.
func backlog(ctx workflow.Context, in workflows.CampaignInput, batches int) error {
	budgets := workflows.Budgets{Store: time.Hour, Campaign: time.Hour}
	begin := func(activity string, in any) workflow.Future {
		options := workflows.ActivityOptions(ctx, budgets, "", activity)
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activity, in)
	}
	store := workflows.StoreCampaignInput{Campaign: in.Campaign}
	if err := begin("StoreCampaign", store).Get(ctx, nil); err != nil {
		return err
	}
	start := workflows.StartCampaignInput{CampaignID: in.ID, At: workflow.Now(ctx)}
	if err := begin("StartCampaign", start).Get(ctx, nil); err != nil {
		return err
	}
	sent := make([]workflow.Future, batches)
	for i := range sent {
		sent[i] = begin("SendCampaignBatch", workflows.CampaignBatchInput{CampaignID: in.ID, Number: i + 1, Size: 1})
	}
	for _, s := range sent {
		if err := s.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// serveBacklogs serves the workflow backlog on its own queue.
func serveBacklogs(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, "backlog", worker.Options{})
	w.RegisterWorkflowWithOptions(backlog, workflow.RegisterOptions{Name: "Backlog"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// queueBatches puts batches of a new campaign with one recipient on the queue.
func (r *testService) queueBatches(t *testing.T, c client.Client, group string, batches int) (campaignID string) {
	t.Helper()
	r.addRecipients(t, group, 1)
	in := campaignTo(group)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.CampaignWorkflowID(in.ID), TaskQueue: "backlog",
	}, "Backlog", in, batches)
	require.NoError(t, err)
	return in.ID
}

// awaitBacklog polls until the low queue has the wanted number of waiting tasks.
func awaitBacklog(t *testing.T, c client.Client, want int) {
	t.Helper()
	await(t, fmt.Sprintf("a backlog of %d", want), func() (int64, bool) {
		d, err := c.WorkflowService().DescribeTaskQueue(t.Context(), &workflowservice.DescribeTaskQueueRequest{
			Namespace: client.DefaultNamespace, TaskQueue: &taskqueue.TaskQueue{Name: workflows.QueueNotificationsLow},
			TaskQueueType: enums.TASK_QUEUE_TYPE_ACTIVITY, ReportStats: true,
		})
		require.NoError(t, err)
		return d.GetStats().GetApproximateBacklogCount(), d.GetStats().GetApproximateBacklogCount() >= int64(want)
	})
}

// TestLowQueueIsFair blocks the only slot of the low queue while batches of two campaigns, and then welcome emails, are queued.
// After the release, the emails are sent first, and then the campaigns take turns.
func TestLowQueueIsFair(t *testing.T) {
	t.Parallel()
	const each, users = 20, 3
	s := startService(t, "WORKER_CONCURRENCY=1")
	c := s.temporalClient(t)
	serveBacklogs(t, c)

	blocked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.stack.outbox.Fail(func(m message.Message) error {
		if m.Kind == message.KindCampaign {
			once.Do(func() { close(blocked); <-release })
		}
		return nil
	})
	first := s.queueBatches(t, c, "first", 1+each)
	receive(t, blocked, "the first batch")
	awaitBacklog(t, c, each)
	second := s.queueBatches(t, c, "second", each)
	awaitBacklog(t, c, 2*each)
	for range users {
		s.mustRegister(t, newForm())
	}
	awaitBacklog(t, c, 2*each+users)
	close(release)

	names := map[string]string{first: "1", second: "2"}
	order := await(t, "all messages", func() (string, bool) {
		var order strings.Builder
		for _, m := range slices.Backward(s.stack.outbox.Sent("")) {
			if m.Kind == message.KindWelcome {
				order.WriteString("w")
			}
			order.WriteString(names[m.RegistrationID]) // empty for a registration
		}
		return order.String(), order.Len() == 1+2*each+users
	})
	require.Equal(t, "1"+strings.Repeat("w", users), order[:1+users], "%s", order)
	turns := order[1+users:]
	require.Less(t, strings.Index(turns, "2"), each/2, "the second campaign waits for the first: %s", order)
	require.Greater(t, strings.LastIndex(turns, "1"), strings.Index(turns, "2"), "the first campaign waits for the second: %s", order)
	half := turns[:each]
	require.Greater(t, strings.Count(half, "1"), each/4, "%s", order)
	require.Greater(t, strings.Count(half, "2"), each/4, "%s", order)
}

// TestQueueRateLimits queues more messages than the rate limit of a queue allows.
func TestQueueRateLimits(t *testing.T) {
	t.Parallel()
	const messages, rate = 10, 1
	for name, queue := range map[string]struct {
		setting string
		kind    message.Kind
		fill    func(t *testing.T, s *testService)
	}{
		"codes": {"OTP_PER_SECOND", message.KindOTP, func(t *testing.T, s *testService) {
			forms := make([]openapi.RegistrationRequest, messages)
			for i := range forms {
				forms[i] = newForm()
			}
			s.registerAll(t, forms)
		}},
		"notices": {"NOTICES_PER_SECOND", message.KindCampaign, func(t *testing.T, s *testService) {
			c := s.temporalClient(t)
			serveBacklogs(t, c)
			s.queueBatches(t, c, "rate", messages)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, fmt.Sprintf("%s=%d", queue.setting, rate))
			queue.fill(t, s)
			times := await(t, "all messages", func() (times []time.Time, all bool) {
				for _, m := range s.stack.outbox.Sent("") {
					if m.Kind == queue.kind {
						times = append(times, m.SentAt)
					}
				}
				return times, len(times) == messages
			})
			window := times[0].Sub(times[messages-1]) // the newest message is first
			const tolerance = 3                       // a burst, and a delayed message
			require.LessOrEqual(t, float64(messages), rate*window.Seconds()+tolerance, "within %s", window)
		})
	}
}
