package engine

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

const (
	activityPoll = workflowservice.WorkflowService_PollActivityTaskQueue_FullMethodName
	workflowPoll = workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName
)

// call is a call as a connection reports it.
type call struct {
	observer observer
	ctx      context.Context //nolint:containedctx // as gRPC keeps it for the events of a call
}

func beginCall(p *Polls, method string) call {
	o := observer{polls: p}
	return call{o, o.TagRPC(context.Background(), &stats.RPCTagInfo{FullMethodName: method})}
}

func (c call) sent(request any) call {
	c.observer.HandleRPC(c.ctx, &stats.OutPayload{Payload: request})
	return c
}

func (c call) ended(err error) { c.observer.HandleRPC(c.ctx, &stats.End{Error: err}) }

func pollActivity(p *Polls, queue string) call {
	return beginCall(p, activityPoll).sent(&workflowservice.PollActivityTaskQueueRequest{TaskQueue: &taskqueue.TaskQueue{Name: queue}})
}

func pollWorkflow(p *Polls, queue string) call {
	return beginCall(p, workflowPoll).sent(&workflowservice.PollWorkflowTaskQueueRequest{TaskQueue: &taskqueue.TaskQueue{Name: queue}})
}

const (
	workflowTasks = enums.TASK_QUEUE_TYPE_WORKFLOW
	activityTasks = enums.TASK_QUEUE_TYPE_ACTIVITY
)

func TestPollInProgressCountsAfterSettleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p Polls
		require.EqualError(t, p.Check("q", activityTasks), "task queue q is not polled for Activity tasks yet")
		poll := pollActivity(&p, "q")
		require.Error(t, p.Check("q", activityTasks), "Temporal may still refuse the poll")
		time.Sleep(settleTime)
		require.NoError(t, p.Check("q", activityTasks))
		require.Error(t, p.Check("q", workflowTasks), "another type of task")
		require.Error(t, p.Check("p", activityTasks), "another queue")
		poll.ended(status.Error(codes.Unavailable, "connection reset"))
		require.EqualError(t, p.Check("q", activityTasks),
			"task queue q is not polled for Activity tasks: rpc error: code = Unavailable desc = connection reset")
		pollActivity(&p, "q")
		time.Sleep(settleTime)
		require.NoError(t, p.Check("q", activityTasks))
	})
}

// A worker at its limit of tasks does not poll; it runs the task of its last poll.
func TestAnsweredPollCounts(t *testing.T) {
	t.Parallel()
	var p Polls
	pollWorkflow(&p, "q").ended(nil)
	require.NoError(t, p.Check("q", workflowTasks))
	pollWorkflow(&p, "q").ended(status.Error(codes.PermissionDenied, "no"))
	require.Error(t, p.Check("q", workflowTasks))
	pollWorkflow(&p, "q").ended(nil)
	require.NoError(t, p.Check("q", workflowTasks))
}

// If one of several Temporal servers fails, only the polls in progress at that server end.
func TestOnePollIsEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p Polls
		lost, kept := pollActivity(&p, "q"), pollActivity(&p, "q")
		time.Sleep(settleTime)
		lost.ended(status.Error(codes.Unavailable, "connection reset"))
		require.NoError(t, p.Check("q", activityTasks))
		kept.ended(status.Error(codes.Unavailable, "connection reset"))
		require.Error(t, p.Check("q", activityTasks))
	})
}

func TestUnsentPollCountsForEveryQueue(t *testing.T) {
	t.Parallel()
	var p Polls
	pollActivity(&p, "one").ended(nil)
	pollWorkflow(&p, "two").ended(nil)
	beginCall(&p, activityPoll).ended(status.Error(codes.Unavailable, "connection refused"))
	require.ErrorContains(t, p.Check("one", activityTasks), "connection refused")
	require.ErrorContains(t, p.Check("two", workflowTasks), "connection refused")
}

func TestOtherCallsAreIgnored(t *testing.T) {
	t.Parallel()
	var p Polls
	pollActivity(&p, "q").ended(nil)
	beginCall(&p, workflowservice.WorkflowService_DescribeTaskQueue_FullMethodName).ended(status.Error(codes.Unavailable, "unavailable"))
	require.NoError(t, p.Check("q", activityTasks))
}

// pollServer holds the polls of one queue and refuses all others.
type pollServer struct {
	workflowservice.UnimplementedWorkflowServiceServer
	blockedQueue string
}

func (s pollServer) PollActivityTaskQueue(ctx context.Context, r *workflowservice.PollActivityTaskQueueRequest) (*workflowservice.PollActivityTaskQueueResponse, error) {
	if r.GetTaskQueue().GetName() != s.blockedQueue {
		return nil, status.Error(codes.PermissionDenied, "no permission")
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestPollsOnAConnection checks the events that gRPC reports for real calls.
func TestPollsOnAConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, pollServer{blockedQueue: "held"})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	var p Polls
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), p.DialOption())
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	poll := func(queue string) error {
		_, err := workflowservice.NewWorkflowServiceClient(connection).PollActivityTaskQueue(t.Context(),
			&workflowservice.PollActivityTaskQueueRequest{TaskQueue: &taskqueue.TaskQueue{Name: queue}})
		return err
	}

	ended := make(chan error, 1)
	go func() { ended <- poll("held") }()
	require.Eventually(t, func() bool { return p.Check("held", activityTasks) == nil }, 20*time.Second, 10*time.Millisecond)
	require.Error(t, poll("refused"))
	require.ErrorContains(t, p.Check("refused", activityTasks), "no permission")
	require.NoError(t, p.Check("held", activityTasks))

	server.Stop()
	require.Error(t, <-ended)
	require.Error(t, p.Check("held", activityTasks))
	require.Error(t, poll("held"), "no server listens")
	require.ErrorContains(t, p.Check("refused", activityTasks), "connection", "an unsent poll counts for every queue")
}
