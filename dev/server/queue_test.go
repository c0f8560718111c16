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

	"registrar/api"
	"registrar/internal/message"
	"registrar/workflows"
)

// backlog has as many batches of a campaign on the queue at a time as it is told, with the options of CampaignWorkflow,
// which has one. Each goes to the campaign's first recipient.
func backlog(ctx workflow.Context, in workflows.CampaignInput, batches int) error {
	budgets := workflows.Budgets{Store: time.Hour, Campaign: time.Hour}
	begin := func(activity string, in any) workflow.Future {
		options := workflows.ActivityOptions(ctx, budgets, "", activity)
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activity, in)
	}
	store := workflows.StoreCampaignInput{CampaignID: in.CampaignID, Content: *in.Content, CreatedAt: in.CreatedAt}
	if err := begin("StoreCampaign", store).Get(ctx, nil); err != nil {
		return err
	}
	start := workflows.StartCampaignInput{CampaignID: in.CampaignID, At: workflow.Now(ctx)}
	if err := begin("StartCampaign", start).Get(ctx, nil); err != nil {
		return err
	}
	sent := make([]workflow.Future, batches)
	for i := range sent {
		sent[i] = begin("SendCampaignBatch", workflows.CampaignBatchInput{CampaignID: in.CampaignID, Number: i + 1, Size: 1})
	}
	for _, s := range sent {
		if err := s.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// serveBacklogs serves the workflow backlog on a queue of its own.
func serveBacklogs(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, "backlog", worker.Options{})
	w.RegisterWorkflowWithOptions(backlog, workflow.RegisterOptions{Name: "Backlog"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// queueBatches puts batches of a new campaign, to one person, on the queue.
func (r *running) queueBatches(t *testing.T, c client.Client, group string, batches int) (campaignID string) {
	t.Helper()
	r.readers(t, group, 1)
	in := campaignTo(group)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.CampaignWorkflowID(in.CampaignID), TaskQueue: "backlog",
	}, "Backlog", in, batches)
	require.NoError(t, err)
	return in.CampaignID
}

// awaitBacklog polls until so many tasks wait on the low queue.
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

// TestTheLowQueueIsFair holds the one place of the low queue, lets batches of two campaigns and then welcome emails queue
// up, and lets go: the emails that people wait for come first, and then the campaigns take turns.
func TestTheLowQueueIsFair(t *testing.T) {
	t.Parallel()
	const each, people = 20, 3
	s := launch(t, "WORKER_CONCURRENCY=1")
	c := s.temporalClient(t)
	serveBacklogs(t, c)

	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.stack.outbox.Fail(func(m message.Message) error {
		if m.Kind == message.KindCampaign {
			once.Do(func() { close(held); <-release })
		}
		return nil
	})
	first := s.queueBatches(t, c, "first", 1+each)
	receive(t, held, "the first batch")
	awaitBacklog(t, c, each)
	second := s.queueBatches(t, c, "second", each)
	awaitBacklog(t, c, 2*each)
	for range people {
		s.mustRegister(t, somebody())
	}
	awaitBacklog(t, c, 2*each+people)
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
		return order.String(), order.Len() == 1+2*each+people
	})
	require.Equal(t, "1"+strings.Repeat("w", people), order[:1+people], "%s", order)
	turns := order[1+people:]
	require.Less(t, strings.Index(turns, "2"), each/2, "the second campaign waits for the first: %s", order)
	require.Greater(t, strings.LastIndex(turns, "1"), strings.Index(turns, "2"), "the first campaign waits for the second: %s", order)
	half := turns[:each]
	require.Greater(t, strings.Count(half, "1"), each/4, "%s", order)
	require.Greater(t, strings.Count(half, "2"), each/4, "%s", order)
}

// TestQueuesKeepToTheirRate has more to send than the rate of a queue allows.
func TestQueuesKeepToTheirRate(t *testing.T) {
	t.Parallel()
	const messages, rate = 10, 1
	for name, queue := range map[string]struct {
		setting string
		kind    message.Kind
		fill    func(t *testing.T, s *running)
	}{
		"codes": {"OTP_PER_SECOND", message.KindOTP, func(t *testing.T, s *running) {
			forms := make([]api.RegistrationRequest, messages)
			for i := range forms {
				forms[i] = somebody()
			}
			s.registerAll(t, forms)
		}},
		"notices": {"NOTICES_PER_SECOND", message.KindCampaign, func(t *testing.T, s *running) {
			c := s.temporalClient(t)
			serveBacklogs(t, c)
			s.queueBatches(t, c, "rate", messages)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch(t, fmt.Sprintf("%s=%d", queue.setting, rate))
			queue.fill(t, s)
			times := await(t, "all messages", func() (times []time.Time, all bool) {
				for _, m := range s.stack.outbox.Sent("") {
					if m.Kind == queue.kind {
						times = append(times, m.SentAt)
					}
				}
				return times, len(times) == messages
			})
			window := times[0].Sub(times[messages-1]) // the newest is the first
			const leeway = 3                          // a burst, and a message that came late
			require.LessOrEqual(t, float64(messages), rate*window.Seconds()+leeway, "within %s", window)
		})
	}
}
