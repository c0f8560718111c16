package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

// measuredTemporal is a client that has a service only.
type measuredTemporal struct {
	client.Client
	service *statistics
}

func (c measuredTemporal) WorkflowService() workflowservice.WorkflowServiceClient { return c.service }

// statistics is a service that answers with the statistics of queues only.
type statistics struct {
	workflowservice.WorkflowServiceClient
	answer func(context.Context) (*taskqueue.TaskQueueStats, error)
}

func (s *statistics) DescribeTaskQueue(
	ctx context.Context, in *workflowservice.DescribeTaskQueueRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeTaskQueueResponse, error) {
	if in.GetNamespace() != "default" || in.GetTaskQueue().GetName() != "events" || !in.GetReportStats() {
		return nil, errors.New("another question")
	}
	stats, err := s.answer(ctx)
	return &workflowservice.DescribeTaskQueueResponse{Stats: stats}, err
}

type known struct {
	waiting int64
	age     time.Duration
}

type backlogs map[string]known

func (b backlogs) SetBacklog(queue, tasks string, waiting int64, age time.Duration) {
	b[queue+" "+tasks] = known{waiting, age}
}
func (b backlogs) ClearBacklog(queue, tasks string) { delete(b, queue+" "+tasks) }

// A backlog is dropped while Temporal does not answer, whether it refuses the call or hangs.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal, have := new(statistics), backlogs{}
		works := func(context.Context) (*taskqueue.TaskQueueStats, error) {
			return &taskqueue.TaskQueueStats{ApproximateBacklogCount: 3, ApproximateBacklogAge: durationpb.New(time.Minute)}, nil
		}
		temporal.answer = works
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			WatchBacklog(ctx, measuredTemporal{service: temporal}, "default", TaskQueue{"events", enums.TASK_QUEUE_TYPE_ACTIVITY}, have)
		}()
		want := backlogs{"events activity": {3, time.Minute}}
		synctest.Wait()
		require.Equal(t, want, have)
		for _, broken := range []func(context.Context) (*taskqueue.TaskQueueStats, error){
			func(context.Context) (*taskqueue.TaskQueueStats, error) { return nil, errors.New("unavailable") },
			func(ctx context.Context) (*taskqueue.TaskQueueStats, error) { <-ctx.Done(); return nil, ctx.Err() },
		} {
			temporal.answer = broken
			time.Sleep(backlogInterval + backlogTimeout)
			synctest.Wait()
			require.Empty(t, have)
			temporal.answer = works
			time.Sleep(backlogInterval)
			synctest.Wait()
			require.Equal(t, want, have)
		}
		cancel()
		<-done
	})
}
