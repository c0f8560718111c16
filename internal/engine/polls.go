package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// settleTime is the time after which a poll in progress counts. Temporal refuses an invalid poll within milliseconds. It holds
// a valid one for up to a minute until there is a task.
const settleTime = time.Second

// Polls records which task queues the workers of a client poll. It only observes the client's connection, so Check makes no
// call to Temporal. The zero value is ready for use.
type Polls struct {
	mu     sync.Mutex
	queues map[taskQueue]*queuePolls
}

type taskQueue struct {
	name  string
	tasks enums.TaskQueueType
}

// queuePolls are the polls of one task queue.
type queuePolls struct {
	inProgress map[*poll]time.Time // the polls in progress and their start
	answered   bool                // the last poll that ended was answered, with or without a task
	failure    error               // error of the last failed poll
}

// poll is one call. queue is set once the call has been written to a connection.
type poll struct{ queue *queuePolls }

// DialOption makes p observe the polls of a client's connection.
func (p *Polls) DialOption() grpc.DialOption { return grpc.WithStatsHandler(observer{polls: p}) }

// Check returns nil while the client polls a task queue for a type of task: a poll is in progress, or the last one was
// answered and the worker is at its limit of tasks.
func (p *Polls) Check(queue string, tasks enums.TaskQueueType) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queue(taskQueue{queue, tasks})
	if q.answered {
		return nil
	}
	for _, since := range q.inProgress {
		if time.Since(since) >= settleTime {
			return nil
		}
	}
	if q.failure != nil {
		return fmt.Errorf("task queue %s is not polled for %s tasks: %w", queue, tasks, q.failure)
	}
	return fmt.Errorf("task queue %s is not polled for %s tasks yet", queue, tasks)
}

func (p *Polls) queue(key taskQueue) *queuePolls {
	if p.queues == nil {
		p.queues = map[taskQueue]*queuePolls{}
	}
	if p.queues[key] == nil {
		p.queues[key] = &queuePolls{inProgress: map[*poll]time.Time{}}
	}
	return p.queues[key]
}

// sent records that a poll has been written to a connection.
func (p *Polls) sent(call *poll, key taskQueue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	call.queue = p.queue(key)
	call.queue.inProgress[call] = time.Now()
}

// ended records the end of a poll. If a poll fails before it is written to a connection, Temporal cannot be reached, so it
// counts as a failure of every queue.
func (p *Polls) ended(call *poll, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if call.queue != nil {
		delete(call.queue.inProgress, call)
		call.queue.end(err)
		return
	}
	if err != nil {
		for _, q := range p.queues {
			q.end(err)
		}
	}
}

func (q *queuePolls) end(err error) {
	q.answered = err == nil
	if err != nil {
		q.failure = err
	}
}

// observer observes every call on a connection.
type observer struct {
	noConnections
	polls *Polls
}

type pollKey struct{}

// TagRPC marks the context of a poll.
func (observer) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	switch info.FullMethodName {
	case workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName,
		workflowservice.WorkflowService_PollActivityTaskQueue_FullMethodName:
		return context.WithValue(ctx, pollKey{}, new(poll))
	default:
		return ctx
	}
}

// HandleRPC passes the events of polls to Polls.
func (o observer) HandleRPC(ctx context.Context, event stats.RPCStats) {
	call, ok := ctx.Value(pollKey{}).(*poll)
	if !ok {
		return
	}
	switch event := event.(type) {
	case *stats.OutPayload:
		switch request := event.Payload.(type) {
		case *workflowservice.PollWorkflowTaskQueueRequest:
			// A worker's sticky queue has its own name, so it is not mistaken for the shared queue.
			o.polls.sent(call, taskQueue{request.GetTaskQueue().GetName(), enums.TASK_QUEUE_TYPE_WORKFLOW})
		case *workflowservice.PollActivityTaskQueueRequest:
			o.polls.sent(call, taskQueue{request.GetTaskQueue().GetName(), enums.TASK_QUEUE_TYPE_ACTIVITY})
		}
	case *stats.End:
		o.polls.ended(call, event.Error)
	}
}

// noConnections implements the part of stats.Handler that an observer of calls does not need.
type noConnections struct{}

func (noConnections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (noConnections) HandleConn(context.Context, stats.ConnStats)                       {}
