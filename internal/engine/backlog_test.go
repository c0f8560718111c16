package engine

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
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

type answer func(context.Context) (*taskqueue.TaskQueueStats, error)

// statistics is a service that answers with the statistics of queues only.
type statistics struct {
	workflowservice.WorkflowServiceClient
	answer atomic.Pointer[answer]
}

func (s *statistics) DescribeTaskQueue(
	ctx context.Context, in *workflowservice.DescribeTaskQueueRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeTaskQueueResponse, error) {
	if in.GetNamespace() != "default" || in.GetTaskQueue().GetName() != "events" || !in.GetReportStats() {
		return nil, errors.New("another question")
	}
	stats, err := (*s.answer.Load())(ctx)
	return &workflowservice.DescribeTaskQueueResponse{Stats: stats}, err
}

type known struct {
	waiting int64
	age     time.Duration
}

// backlogs has a lock, because the race detector does not count the virtual clock as synchronization.
type backlogs struct {
	mu    sync.Mutex
	known map[string]known
}

func (b *backlogs) SetBacklog(queue, tasks string, waiting int64, age time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[queue+" "+tasks] = known{waiting, age}
}

func (b *backlogs) ClearBacklog(queue, tasks string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, queue+" "+tasks)
}

func (b *backlogs) all() map[string]known {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.known)
}

// A backlog is dropped while Temporal does not answer, whether it refuses the call or hangs.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal, have := new(statistics), &backlogs{known: map[string]known{}}
		var works answer = func(context.Context) (*taskqueue.TaskQueueStats, error) {
			return &taskqueue.TaskQueueStats{ApproximateBacklogCount: 3, ApproximateBacklogAge: durationpb.New(time.Minute)}, nil
		}
		temporal.answer.Store(&works)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			WatchBacklog(ctx, measuredTemporal{service: temporal}, "default", TaskQueue{"events", enums.TASK_QUEUE_TYPE_ACTIVITY}, have)
		}()
		want := map[string]known{"events activity": {3, time.Minute}}
		synctest.Wait()
		require.Equal(t, want, have.all())
		for _, broken := range []answer{
			func(context.Context) (*taskqueue.TaskQueueStats, error) { return nil, errors.New("unavailable") },
			func(ctx context.Context) (*taskqueue.TaskQueueStats, error) { <-ctx.Done(); return nil, ctx.Err() },
		} {
			temporal.answer.Store(&broken)
			time.Sleep(backlogInterval + backlogTimeout)
			synctest.Wait()
			require.Empty(t, have.all())
			temporal.answer.Store(&works)
			time.Sleep(backlogInterval)
			synctest.Wait()
			require.Equal(t, want, have.all())
		}
		cancel()
		<-done
	})
}
