package metrics

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"
)

// Exemplars returns an interceptor for a client of Temporal, whose workers use it too. It adds the trace of a workflow, if the trace
// is sampled, to what the workflow's code times.
func Exemplars() interceptor.ClientInterceptor { return new(exemplars) }

type exemplars struct{ interceptor.InterceptorBase }

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (*exemplars) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &inboundExemplars{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type inboundExemplars struct {
	interceptor.WorkflowInboundInterceptorBase
}

// Init implements interceptor.WorkflowInboundInterceptor.
func (i *inboundExemplars) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&outboundExemplars{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}})
}

type outboundExemplars struct {
	interceptor.WorkflowOutboundInterceptorBase
}

// GetMetricsHandler implements interceptor.WorkflowOutboundInterceptor.
func (o *outboundExemplars) GetMetricsHandler(ctx workflow.Context) client.MetricsHandler {
	handler := o.Next.GetMetricsHandler(ctx)
	span, ok := opentelemetry.SpanFromWorkflowContext(ctx)
	if !ok || !span.SpanContext().IsSampled() {
		return handler
	}
	return handler.WithTags(map[string]string{traceTag: span.SpanContext().TraceID().String()})
}
