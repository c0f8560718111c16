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

// settleTime is how long a poll must be in progress to count. Temporal refuses a poll within milliseconds, and otherwise
// holds it for up to a minute until there is a task.
const settleTime = time.Second

// Polls knows which task queues the workers of a client poll. It watches the client's connection and sends nothing, so it
// costs Temporal nothing however often it is asked. The zero value is ready for use.
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
	held     map[*poll]time.Time // polls in progress, and since when
	answered bool                // the last poll that ended was answered, with or without a task
	failure  error               // of the last poll that failed
}

// poll is one call. queue is set once the call has been written to a connection.
type poll struct{ queue *queuePolls }

// DialOption makes the connection of a client report its polls.
func (p *Polls) DialOption() grpc.DialOption { return grpc.WithStatsHandler(observer{polls: p}) }

// Check returns nil while the client polls a task queue for a type of task: a poll is in progress, or the last one was
// answered. Without the latter, a worker that runs as many tasks as it may, and so does not poll, would not count.
func (p *Polls) Check(queue string, tasks enums.TaskQueueType) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queue(taskQueue{queue, tasks})
	if q.answered {
		return nil
	}
	for _, since := range q.held {
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
		p.queues[key] = &queuePolls{held: map[*poll]time.Time{}}
	}
	return p.queues[key]
}

// sent notes that a poll has been written to a connection.
func (p *Polls) sent(call *poll, key taskQueue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	call.queue = p.queue(key)
	call.queue.held[call] = time.Now()
}

// ended notes the end of a poll. A poll that failed before it was written to a connection means that Temporal cannot be
// reached, which concerns every queue.
func (p *Polls) ended(call *poll, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if call.queue != nil {
		delete(call.queue.held, call)
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

// observer hears of every call on a connection.
type observer struct {
	noConnections
	polls *Polls
}

type pollKey struct{}

// TagRPC marks the polls.
func (observer) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	switch info.FullMethodName {
	case workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName,
		workflowservice.WorkflowService_PollActivityTaskQueue_FullMethodName:
		return context.WithValue(ctx, pollKey{}, new(poll))
	default:
		return ctx
	}
}

// HandleRPC hears what happens to a call.
func (o observer) HandleRPC(ctx context.Context, event stats.RPCStats) {
	call, ok := ctx.Value(pollKey{}).(*poll)
	if !ok {
		return
	}
	switch event := event.(type) {
	case *stats.OutPayload:
		switch request := event.Payload.(type) {
		case *workflowservice.PollWorkflowTaskQueueRequest:
			// A worker's sticky queue, whose name is its own, is another queue than the one it shares.
			o.polls.sent(call, taskQueue{request.GetTaskQueue().GetName(), enums.TASK_QUEUE_TYPE_WORKFLOW})
		case *workflowservice.PollActivityTaskQueueRequest:
			o.polls.sent(call, taskQueue{request.GetTaskQueue().GetName(), enums.TASK_QUEUE_TYPE_ACTIVITY})
		}
	case *stats.End:
		o.polls.ended(call, event.Error)
	}
}

// noConnections is the part of stats.Handler that an observer of calls does not need.
type noConnections struct{}

func (noConnections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (noConnections) HandleConn(context.Context, stats.ConnStats)                       {}
