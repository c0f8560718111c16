package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

const (
	// backlogInterval is how often Temporal is asked for a backlog. Prometheus reads the answer every 10 s.
	backlogInterval = 10 * time.Second
	// backlogTimeout bounds one call, so that an old answer is dropped soon after Temporal stops answering.
	backlogTimeout = 5 * time.Second
)

// TaskQueue is a task queue for one type of tasks.
type TaskQueue struct {
	Name  string
	Tasks enums.TaskQueueType
}

// Backlogs stores the tasks that wait in task queues. tasks is workflow or activity.
type Backlogs interface {
	SetBacklog(queue, tasks string, waiting int64, age time.Duration)
	// ClearBacklog drops what is stored, because it may no longer be true.
	ClearBacklog(queue, tasks string)
}

// WatchBacklog asks Temporal for the backlog of a task queue at an interval, until ctx ends.
func WatchBacklog(ctx context.Context, c client.Client, namespace string, q TaskQueue, b Backlogs) {
	tick := time.NewTicker(backlogInterval)
	defer tick.Stop()
	for {
		readBacklog(ctx, c, namespace, q, b)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func readBacklog(ctx context.Context, c client.Client, namespace string, q TaskQueue, b Backlogs) {
	tasks := strings.ToLower(q.Tasks.String())
	waiting, age, err := backlog(ctx, c, namespace, q)
	if err != nil {
		b.ClearBacklog(q.Name, tasks)
		return
	}
	b.SetBacklog(q.Name, tasks, waiting, age)
}

func backlog(ctx context.Context, c client.Client, namespace string, q TaskQueue) (waiting int64, age time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, backlogTimeout)
	defer cancel()
	out, err := c.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueue.TaskQueue{Name: q.Name}, TaskQueueType: q.Tasks, ReportStats: true,
	})
	if err != nil {
		return 0, 0, fmt.Errorf("describe task queue %s: %w", q.Name, err)
	}
	stats := out.GetStats()
	return stats.GetApproximateBacklogCount(), stats.GetApproximateBacklogAge().AsDuration(), nil
}
