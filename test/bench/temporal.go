package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	testparts "registrar/test/parts"
	"registrar/workflows"
)

const temporalCommand = "ceiling-temporal"

// temporalInput configures the bare Temporal ceiling.
type temporalInput struct {
	Address        string
	Callers        int
	Warmup, Window time.Duration
	Script         script
}

// ceiling runs a workflow with the events of a registration by SMS, whose activities do nothing. Its callers wait for the
// same answers in the same order: the first update, the activity that would send the code, and the second update.
type ceiling struct {
	client client.Client
	script script
	sent   sync.Map     // workflow id → chan struct{}, closed by the activity that would send the code
	last   atomic.Value // string: id of the workflow that ended last
	all    atomic.Int64
}

// The names of the ceiling's workflow. The activities are named by their queue.
const (
	ceilingWorkflow = "BenchCeiling"
	ceilingPrefix   = "bench-" // of its queues and ids
	ceilingQueue    = ceilingPrefix + "registration"
	ceilingLocal    = "BenchLocal"
	ceilingRemote   = "BenchRemote"
)

func runTemporal(ctx context.Context, in temporalInput) (ceilingResult, error) {
	if len(in.Script.Activities) != 3 || len(in.Script.Local) != 2 {
		return ceilingResult{}, errors.New("a registration by SMS no longer has three activities and two local activities; change the ceiling's workflow too")
	}
	c, err := client.DialContext(ctx, client.Options{HostPort: in.Address, Logger: quiet()})
	if err != nil {
		return ceilingResult{}, err
	}
	defer c.Close()
	l := &ceiling{client: c, script: in.Script}
	stop, err := l.serve()
	if err != nil {
		return ceilingResult{}, err
	}
	defer stop()
	done, err := drive{callers: in.Callers, warmup: in.Warmup, window: in.Window, operate: l.operate}.run(ctx)
	if err != nil {
		return ceilingResult{}, err
	}
	last, _ := l.last.Load().(string)
	if _, err := readRecord(ctx, c, last); err != nil { // before the workers stop
		return ceilingResult{}, err
	}
	return ceilingResult{
		PerSecond: done.rate(), Count: len(done.samples), All: int(l.all.Load()), CPU: testparts.OwnCPU(), WorkflowID: last,
	}, nil
}

// serve starts a worker for each queue that a registration uses.
func (l *ceiling) serve() (stop func(), err error) {
	queues := map[string]bool{ceilingQueue: true}
	for _, a := range l.script.Activities {
		queues[ceilingPrefix+a.Queue] = true
	}
	var started []worker.Worker
	stop = func() {
		for _, w := range started {
			w.Stop()
		}
	}
	for queue := range queues {
		w := worker.New(l.client, queue, worker.Options{DisableWorkflowWorker: queue != ceilingQueue})
		if queue == ceilingQueue {
			w.RegisterWorkflowWithOptions(l.run, workflow.RegisterOptions{Name: ceilingWorkflow})
			w.RegisterActivityWithOptions(l.local, activity.RegisterOptions{Name: ceilingLocal})
		}
		w.RegisterActivityWithOptions(l.remote, activity.RegisterOptions{Name: ceilingRemote})
		if err := w.Start(); err != nil {
			stop()
			return nil, err
		}
		started = append(started, w)
	}
	return stop, nil
}

func (l *ceiling) local(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil }

// remote is an activity. Number 1 stands for the one that sends the code.
func (l *ceiling) remote(ctx context.Context, _ []byte, number int) ([]byte, error) {
	if number == 1 {
		if sent, ok := l.sent.Load(activity.GetInfo(ctx).WorkflowExecution.ID); ok {
			close(sent.(chan struct{}))
		}
	}
	return make([]byte, l.script.Activities[number].Out), nil
}

// run has the order of workflows.RegistrationWorkflow.
func (l *ceiling) run(ctx workflow.Context, _ []byte) ([]byte, error) {
	var stored, verified, active bool
	err := workflow.SetUpdateHandler(ctx, "persisted", func(ctx workflow.Context) ([]byte, error) {
		err := workflow.Await(ctx, func() bool { return stored })
		return make([]byte, l.script.Persisted), err
	})
	if err != nil {
		return nil, err
	}
	err = workflow.SetUpdateHandler(ctx, "verify", func(ctx workflow.Context, _ []byte) ([]byte, error) {
		verified = true
		err := workflow.Await(ctx, func() bool { return active })
		return make([]byte, l.script.VerifyOut), err
	})
	if err != nil {
		return nil, err
	}
	if err := l.runLocal(ctx, 0); err != nil {
		return nil, err
	}
	stored = true
	welcome := l.start(ctx, 0)
	workflow.NewTimer(ctx, 24*time.Hour)
	code := l.start(ctx, 1)
	if err := workflow.Await(ctx, func() bool { return verified }); err != nil {
		return nil, err
	}
	if err := l.runLocal(ctx, 1); err != nil {
		return nil, err
	}
	active = true
	completion := l.start(ctx, 2)
	err = workflow.Await(ctx, func() bool {
		return welcome.IsReady() && code.IsReady() && completion.IsReady() && workflow.AllHandlersFinished(ctx)
	})
	return make([]byte, l.script.Result), err
}

func (l *ceiling) runLocal(ctx workflow.Context, number int) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: time.Minute, Summary: "store the user"})
	return workflow.ExecuteLocalActivity(ctx, ceilingLocal, l.script.Local[number]).Get(ctx, nil)
}

func (l *ceiling) start(ctx workflow.Context, number int) workflow.Future {
	a := l.script.Activities[number]
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: ceilingPrefix + a.Queue, StartToCloseTimeout: 10 * time.Second, ScheduleToCloseTimeout: 24 * time.Hour,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 2 * time.Second}, Summary: "send the welcome email",
	})
	return workflow.ExecuteActivity(ctx, ceilingRemote, make([]byte, a.In), number)
}

// operate runs one workflow up to the answer to the second update, as a client of the service does.
func (l *ceiling) operate(ctx context.Context) (sample, error) {
	id := ceilingPrefix + uuid.NewString()
	sent := make(chan struct{})
	l.sent.Store(id, sent)
	defer l.sent.Delete(id)
	began := time.Now()
	start := l.client.NewWithStartWorkflowOperation(l.options(id), ceilingWorkflow, make([]byte, l.script.Input))
	first, err := l.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: "persisted", WaitForStage: client.WorkflowUpdateStageCompleted},
	})
	if err == nil {
		err = first.Get(ctx, nil)
	}
	if err != nil {
		return sample{}, fmt.Errorf("start the ceiling's workflow: %w", err)
	}
	s := sample{answer: time.Since(began)}
	select {
	case <-sent:
	case <-ctx.Done():
		return s, ctx.Err()
	}
	verify, err := l.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: "verify", Args: []any{make([]byte, l.script.VerifyIn)}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = verify.Get(ctx, nil)
	}
	l.last.Store(id)
	l.all.Add(1)
	return s, err
}

// options has the search attributes and the summary of a registration.
func (l *ceiling) options(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: ceilingQueue, WorkflowTaskTimeout: 5 * time.Second,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    workflows.InitialAttributes(strings.ReplaceAll(strings.TrimPrefix(id, ceilingPrefix), "-", "")),
		StaticSummary:            "Registration with a mobile number",
	}
}
