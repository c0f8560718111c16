// Package metrics counts what a process does, and serves the counts to Prometheus. No label has personal data, an id or an address.
//
// The measured packages declare the interfaces that they call. Here are the implementations, one file for each subject.
package metrics

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
)

// Metrics are the metrics of one process. Each of its methods adds a group of metrics, which starts at 0; a process calls those of
// the parts that it has, once each. Metrics are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	add      promauto.Factory
	temporal *Temporal
}

// The buckets of histograms, in seconds.
var (
	// callBuckets are for requests and calls, which end within their timeouts.
	callBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	// waitBuckets are for what may wait for a user, a worker or an operator.
	waitBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
)

// New returns the metrics of the Go runtime, of the process and of its version.
func New(version string) *Metrics {
	registry := prometheus.NewRegistry()
	m := &Metrics{registry: registry, add: promauto.With(registry)}
	m.temporal = m.newTemporal()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.add.NewGaugeVec(prometheus.GaugeOpts{
		Name: "registrar_build_info", Help: "Always 1. The labels are the source revision and the Go version of the program.",
	}, []string{"version", "go_version"}).WithLabelValues(version, runtime.Version()).Set(1)
	return m
}

// Handler serves the metrics at /metrics, as text or in the OpenMetrics format, which also has exemplars.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return mux
}

// observe adds a duration to a histogram, with the trace of ctx as an exemplar if the trace is sampled.
func observe(ctx context.Context, histogram prometheus.Observer, took time.Duration) {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsSampled() {
		histogram.Observe(took.Seconds())
		return
	}
	observeTrace(histogram, took, span.TraceID().String())
}

// observeTrace adds a duration to a histogram, with a trace as an exemplar unless its id is empty.
func observeTrace(histogram prometheus.Observer, took time.Duration, traceID string) {
	exemplars, ok := histogram.(prometheus.ExemplarObserver)
	if !ok || traceID == "" {
		histogram.Observe(took.Seconds())
		return
	}
	exemplars.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": traceID})
}
