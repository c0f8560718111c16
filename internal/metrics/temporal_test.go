package metrics_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/metrics"
	"registrar/workflows"
)

func TestTemporal(t *testing.T) {
	t.Parallel()
	m := metrics.New("v1")
	handler := m.Temporal().Handler()
	calls := handler.WithTags(map[string]string{"namespace": "default", "client_name": "temporal_go", "workflow_type": "none"}).
		WithTags(map[string]string{"operation": "StartWorkflowExecution"})
	calls.Counter("temporal_request").Inc(2)
	calls.WithTags(map[string]string{"status_code": "UNAVAILABLE"}).Counter("temporal_request_failure").Inc(1)
	calls.Timer("temporal_request_latency").Record(30 * time.Millisecond)
	handler.WithTags(map[string]string{"task_queue": "registration", "worker_type": "ActivityWorker"}).
		Gauge("temporal_worker_task_slots_used").Update(3)
	unknown := calls.WithTags(map[string]string{"workflow_id": "registration-1"})
	unknown.Counter("temporal_nexus_poll_no_task").Inc(1)
	unknown.Gauge("unknown").Update(1)
	unknown.Timer("unknown").Record(1)
	handler.Timer(workflows.MetricHandover).Record(3 * time.Second)
	m.Temporal().AddRegistrations()

	text := scrape(t, m)
	for _, line := range []string{
		`temporal_request_total{operation="StartWorkflowExecution"} 2`,
		`temporal_request_failure_total{operation="StartWorkflowExecution",status_code="UNAVAILABLE"} 1`,
		`temporal_request_latency_seconds_bucket{operation="StartWorkflowExecution",le="0.05"} 1`,
		`temporal_worker_task_slots_used{task_queue="registration",worker_type="ActivityWorker"} 3`,
		`registrar_registrations_started_total 0`, `registrar_registrations_total{outcome="failed"} 0`,
		`registrar_steps_parked_total{reason="sms_rejected"} 0`,
		`registrar_code_handover_seconds_bucket{le="5.0"} 1`,
		`registrar_code_entry_seconds_count 0`, `registrar_build_info{go_version="go`,
	} {
		require.Contains(t, text, "\n"+line)
	}
	for _, dropped := range []string{"nexus", "unknown", "registration-1", "namespace", "temporal_go"} {
		require.NotContains(t, text, dropped)
	}
}

// What a workflow times has its trace as an exemplar.
func TestExemplarsOfWorkflows(t *testing.T) {
	t.Parallel()
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: sdktrace.NewTracerProvider().Tracer("")})
	require.NoError(t, err)
	m := metrics.New("")
	for _, traced := range []bool{false, true} {
		interceptors := []interceptor.WorkerInterceptor{metrics.Exemplars().(interceptor.WorkerInterceptor)}
		if traced {
			interceptors = append(interceptors, tracing)
		}
		var suite testsuite.WorkflowTestSuite
		suite.SetMetricsHandler(m.Temporal().Handler())
		env := suite.NewTestWorkflowEnvironment()
		env.SetWorkerOptions(worker.Options{Interceptors: interceptors})
		var trace string
		env.ExecuteWorkflow(func(ctx workflow.Context) error {
			span, _ := opentelemetry.SpanFromWorkflowContext(ctx)
			trace = span.SpanContext().TraceID().String()
			workflow.GetMetricsHandler(ctx).Timer(workflows.MetricHandover).Record(3 * time.Second)
			return nil
		})
		require.NoError(t, env.GetWorkflowError())
		require.Equal(t, traced, strings.Contains(scrape(t, m), `{le="5.0"} 2 # {trace_id="`+trace+`"} 3.0`))
	}
}

// BenchmarkTemporal measures what the SDK does for one call of Temporal: it adds tags, counts the call and times it.
func BenchmarkTemporal(b *testing.B) {
	handler := metrics.New("").Temporal().Handler().WithTags(map[string]string{
		"namespace": "default", "client_name": "temporal_go", "worker_type": "none", "workflow_type": "none", "activity_type": "none", "task_queue": "none",
	})
	b.ReportAllocs()
	for b.Loop() {
		call := handler.WithTags(map[string]string{"workflow_type": "RegistrationWorkflow", "activity_type": "none", "task_queue": "registration"}).
			WithTags(map[string]string{"operation": "RespondWorkflowTaskCompleted"})
		call.Counter("temporal_request").Inc(1)
		call.Timer("temporal_request_latency").Record(time.Millisecond)
	}
}

// BenchmarkScrape measures one scrape of an API.
func BenchmarkScrape(b *testing.B) {
	m := metrics.New("")
	requests := m.HTTP()
	for _, operation := range []string{"createRegistration", "verifyRegistration", "getRegistration", "resendCode"} {
		requests.RequestBegan()
		requests.RequestEnded(b.Context(), operation, 200, time.Millisecond)
	}
	m.Hashing()
	handler := m.Handler()
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), "GET", "/metrics", nil))
	}
}
