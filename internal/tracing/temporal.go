package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/span"
)

// temporalTracing is the tracing interceptor of Temporal's SDK, with other spans for workflows.
//
// The SDK's span of a workflow has a random id on each worker that replays the workflow, and ends when the workflow ends or leaves
// the worker's cache. So the spans of a registration that waits a day would have several parents, all of them unknown until the next
// day. Here the span ends when the first workflow task begins, and its id depends only on the run: it is exported once, at once,
// and remains the parent of all later steps.
type temporalTracing struct {
	interceptor.Interceptor
	tracer trace.Tracer
}

func newTemporalTracing(provider trace.TracerProvider) (temporalTracing, error) {
	tracer := provider.Tracer("go.temporal.io/sdk")
	shared, err := newSDKTracer(tracer, nil)
	if err != nil {
		return temporalTracing{}, err
	}
	return temporalTracing{interceptor.NewTracingInterceptor(shared), tracer}, nil
}

type startSpan = func(context.Context, trace.Tracer, string, ...trace.SpanStartOption) trace.Span

// newSDKTracer returns the SDK's tracer. A header that cannot be read has no effect: it must not fail a workflow.
func newSDKTracer(tracer trace.Tracer, start startSpan) (interceptor.Tracer, error) {
	t, err := opentelemetry.NewTracer(opentelemetry.TracerOptions{
		Tracer: tracer, SpanStarter: start, TextMapPropagator: propagation.TraceContext{}, DisableBaggage: true, AllowInvalidParentSpans: true,
	})
	return sdkTracer{t}, err
}

// sdkTracer names the trace in log lines as all other lines do.
type sdkTracer struct{ interceptor.Tracer }

func (sdkTracer) GetLogger(logger log.Logger, ref interceptor.TracerSpanRef) log.Logger {
	if s, ok := ref.(interface{ SpanContext() trace.SpanContext }); ok {
		return log.With(logger, span.FieldTrace, s.SpanContext().TraceID().String())
	}
	return logger
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (t temporalTracing) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	info := workflow.GetInfo(ctx)
	w := &workflowTracing{id: info.WorkflowExecution.ID, run: info.WorkflowExecution.RunID}
	tracer, err := newSDKTracer(t.tracer, w.start)
	if err != nil { // newTemporalTracing has created one with the same options
		return next
	}
	w.Next = interceptor.NewTracingInterceptor(tracer).InterceptWorkflow(ctx, next)
	return w
}

// workflowTracing records the spans of one workflow on one worker. Workflow code runs in one goroutine at a time.
type workflowTracing struct {
	interceptor.WorkflowInboundInterceptorBase
	id, run   string
	update    string            // id of the current Update
	replaying bool              // when the current handler started
	root      trace.SpanContext // the span of the workflow
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (w *workflowTracing) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	w.replaying = workflow.IsReplaying(ctx)
	return w.Next.ExecuteWorkflow(ctx, in)
}

// ExecuteUpdate implements interceptor.WorkflowInboundInterceptor.
func (w *workflowTracing) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	w.update, w.replaying = workflow.GetCurrentUpdateInfo(ctx).ID, workflow.IsReplaying(ctx)
	return w.Next.ExecuteUpdate(ctx, in)
}

// start starts a span. That of the workflow, and those of its updates, have ids that do not change when the workflow is replayed; then
// they are not exported again.
func (w *workflowTracing) start(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
	parent := trace.SpanContextFromContext(ctx)
	if !parent.IsValid() && w.root.IsValid() { // a signal of an operator's tool has no header
		parent, ctx = w.root, trace.ContextWithSpanContext(ctx, w.root)
	}
	operation, _, _ := strings.Cut(name, ":")
	switch operation {
	case "RunWorkflow":
		options = append(options, trace.WithAttributes(attribute.String("temporalWorkflowID", w.id)))
		_, s := tracer.Start(withFixedIDs(ctx, w.run, parent.SpanID().String(), name), name, options...)
		if !w.replaying {
			s.End()
		}
		w.root = s.SpanContext()
		return unending{s}
	case "HandleUpdate":
		_, s := tracer.Start(withFixedIDs(ctx, w.run, parent.SpanID().String(), name, w.update), name, options...)
		if w.replaying {
			return unending{s}
		}
		return s
	default:
		_, s := tracer.Start(ctx, name, options...)
		return s
	}
}

// unending is a span that is only the parent of others: it was exported before, perhaps by another worker.
type unending struct{ trace.Span }

// End does nothing.
func (unending) End(...trace.SpanEndOption) {}

// registrationContext adds the id of the registration to the contexts of its activities, for their log lines and spans.
type registrationContext struct{ interceptor.InterceptorBase }

// InterceptActivity implements interceptor.WorkerInterceptor.
func (*registrationContext) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &registrationActivity{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type registrationActivity struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *registrationActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if id, ok := strings.CutPrefix(activity.GetInfo(ctx).WorkflowExecution.ID, "registration-"); ok {
		ctx = span.WithRegistration(ctx, id)
	}
	return a.Next.ExecuteActivity(ctx, in)
}
