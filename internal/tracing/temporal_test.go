package tracing

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// A header that cannot be read has no effect, so that it cannot fail a workflow.
func TestUnreadableHeaderHasNoEffect(t *testing.T) {
	t.Parallel()
	traces, _ := setup(t, 1)
	tracer, err := newSDKTracer(traces.provider.Tracer("test"), nil)
	require.NoError(t, err)
	require.True(t, tracer.Options().AllowInvalidParentSpans)
}

// Only the ids of a trace are written to a header.
func TestHeaderHasOnlyTheTrace(t *testing.T) {
	t.Parallel()
	traces, _ := setup(t, 1)
	tracer, err := newSDKTracer(traces.provider.Tracer("test"), nil)
	require.NoError(t, err)
	s, err := tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: "StartWorkflow", Name: "RegistrationWorkflow", ToHeader: true})
	require.NoError(t, err)
	header, err := tracer.MarshalSpan(s)
	require.NoError(t, err)
	require.Len(t, header, 1)
	require.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", header["traceparent"])
}

func TestLinesOfWorkflowsNameTheTrace(t *testing.T) {
	t.Parallel()
	traces, _ := setup(t, 1)
	tracer, err := newSDKTracer(traces.provider.Tracer("test"), nil)
	require.NoError(t, err)
	s, err := tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: "RunActivity", Name: "SendOTP"})
	require.NoError(t, err)
	logs := new(bytes.Buffer)
	tracer.GetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(logs, nil))), s).Info("sent")
	require.Contains(t, logs.String(), " trace_id="+s.(interface{ SpanContext() trace.SpanContext }).SpanContext().TraceID().String())
}

// A signal of an operator's tool has no header. Its span is below that of the workflow.
func TestSignalOfAToolBelongsToTheWorkflow(t *testing.T) {
	t.Parallel()
	traces, kept := setup(t, 1)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{traces.temporal, &registrationContext{}}})
	env.RegisterActivityWithOptions(func(context.Context) error { return nil }, activity.RegisterOptions{Name: "SendOTP"})
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("retry", nil) }, time.Minute)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		workflow.GetSignalChannel(ctx, "retry").Receive(ctx, nil)
		return workflow.ExecuteActivity(workflow.WithStartToCloseTimeout(ctx, time.Minute), "SendOTP").Get(ctx, nil)
	})
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, traces.provider.ForceFlush(t.Context()))

	parents := map[string]string{}
	names := map[trace.SpanID]string{}
	for _, s := range kept.GetSpans() {
		operation, _, _ := strings.Cut(s.Name, ":")
		names[s.SpanContext.SpanID()] = operation
	}
	for _, s := range kept.GetSpans() {
		parents[names[s.SpanContext.SpanID()]] = names[s.Parent.SpanID()]
	}
	require.Equal(t, map[string]string{
		"RunWorkflow": "", "HandleSignal": "RunWorkflow", "StartActivity": "RunWorkflow", "RunActivity": "StartActivity",
	}, parents)
}

func TestFixedIDs(t *testing.T) {
	t.Parallel()
	traces, kept := setup(t, 1)
	tracer := traces.provider.Tracer("test")
	run := &workflowTracing{id: "registration-1", run: "run-1"}
	first := run.start(t.Context(), tracer, "RunWorkflow:RegistrationWorkflow").SpanContext()
	run = &workflowTracing{id: run.id, run: run.run, replaying: true} // on another worker
	require.NoError(t, traces.provider.ForceFlush(t.Context()))
	require.Len(t, kept.GetSpans(), 1, "a span of a workflow is exported at once")
	require.Equal(t, first, run.start(t.Context(), tracer, "RunWorkflow:RegistrationWorkflow").SpanContext())
	require.NoError(t, traces.provider.ForceFlush(t.Context()))
	require.Len(t, kept.GetSpans(), 1, "a replay exports nothing")
	other := &workflowTracing{id: "registration-1", run: "run-2"}
	require.NotEqual(t, first.TraceID(), other.start(t.Context(), tracer, "RunWorkflow:RegistrationWorkflow").SpanContext().TraceID())
	require.NotEqual(t, first.SpanID(), run.start(t.Context(), tracer, "StartActivity:SendOTP").SpanContext().SpanID())
}

// The Updates of an API that exports no traces have no header. Each has a span of its own below that of the workflow.
func TestUpdatesWithoutAHeaderHaveSpansOfTheirOwn(t *testing.T) {
	t.Parallel()
	traces, kept := setup(t, 1)
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{traces.temporal}})
	for _, id := range []string{"first", "second"} {
		env.RegisterDelayedCallback(func() { env.UpdateWorkflowNoRejection("verify", id, t) }, time.Minute)
	}
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		if err := workflow.SetUpdateHandler(ctx, "verify", func(workflow.Context) error { return nil }); err != nil {
			return err
		}
		return workflow.Sleep(ctx, time.Hour)
	})
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, traces.provider.ForceFlush(t.Context()))
	handled := map[trace.SpanID]bool{}
	for _, s := range kept.GetSpans() {
		if s.Name == "HandleUpdate:verify" {
			handled[s.SpanContext.SpanID()] = true
		}
	}
	require.Len(t, handled, 2)
}
