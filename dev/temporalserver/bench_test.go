package temporalserver

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/test/parts"
)

// BenchmarkTuning compares candidates for measured. One operation is one workflow: an Update-with-Start that returns after
// the first activity, two more activities in parallel, another update and a fourth activity. It reports the latency of the
// first call, finished workflows a second, and the processor time per workflow.
//
//	go test -run '^$' -bench Tuning -benchtime 500x ./dev/temporalserver
func BenchmarkTuning(b *testing.B) {
	for _, shards := range []int32{4, 8, 16, 32} {
		for _, pollRPS := range []int{0, 200} {
			for _, conns := range []int{1, 4} {
				t := tuning{shards: shards, pollRPS: pollRPS, conns: conns}
				for _, callers := range []int{1, 10} {
					b.Run(fmt.Sprintf("shards=%d/pollRPS=%d/conns=%d/callers=%d", shards, pollRPS, conns, callers),
						func(b *testing.B) { benchmarkTuning(b, t, callers) })
				}
			}
		}
	}
}

func benchmarkTuning(b *testing.B, t tuning, callers int) {
	s, err := start(b.Context(), Options{DataFile: filepath.Join(b.TempDir(), "temporal.db"), Logger: silent}, t)
	require.NoError(b, err)
	b.Cleanup(s.Stop)
	c := dial(b, s)
	runWorker(b, c)
	for range 10 {
		_, err := signUpOnce(b.Context(), c)
		require.NoError(b, err)
	}

	latencies := make([]time.Duration, b.N)
	var next atomic.Int64
	failures := make(chan error, callers)
	cpu := parts.OwnCPU()
	b.ResetTimer()
	for range callers {
		go func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				latency, err := signUpOnce(b.Context(), c)
				if err != nil {
					failures <- err
					return
				}
				latencies[i] = latency
			}
			failures <- nil
		}()
	}
	for range callers {
		require.NoError(b, <-failures)
	}
	b.StopTimer()
	b.ReportMetric(float64((parts.OwnCPU()-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(latencies[b.N*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "workflows/s")
}

// signUpOnce runs one workflow to its end and returns the duration of its start.
func signUpOnce(ctx context.Context, c client.Client) (time.Duration, error) {
	id := uuid.NewString()
	started := time.Now()
	first, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: id, TaskQueue: "bench", WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		}, signUp),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: "accepted", WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return 0, err
	}
	if err := first.Get(ctx, nil); err != nil {
		return 0, err
	}
	latency := time.Since(started)
	verify, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: "verify", WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return 0, err
	}
	return latency, verify.Get(ctx, nil)
}

func step(context.Context) error { return nil }

func signUp(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 3},
	})
	var accepted, verified, done bool
	await := func(flag *bool) func(workflow.Context) error {
		return func(ctx workflow.Context) error {
			return workflow.Await(ctx, func() bool { return *flag })
		}
	}
	if err := workflow.SetUpdateHandler(ctx, "accepted", await(&accepted)); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandler(ctx, "verify", func(ctx workflow.Context) error {
		verified = true
		return await(&done)(ctx)
	}); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, step).Get(ctx, nil); err != nil {
		return err
	}
	accepted = true
	otp, welcome := workflow.ExecuteActivity(ctx, step), workflow.ExecuteActivity(ctx, step)
	if err := workflow.Await(ctx, func() bool { return verified && otp.IsReady() && welcome.IsReady() }); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, step).Get(ctx, nil); err != nil {
		return err
	}
	done = true
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
