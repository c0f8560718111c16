// Package metrics counts what a process does, and serves the counts to Prometheus. No label has personal data.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"registrar/internal/gate"
)

// Metrics are the metrics of a process, with those of the Go runtime. It is safe for concurrent use.
type Metrics struct {
	registry     *prometheus.Registry
	gateAnswers  *prometheus.CounterVec
	gateDuration prometheus.Histogram
	events       *prometheus.CounterVec
}

// New returns metrics that start at 0.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		gateAnswers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "registrar_gate_answers_total",
			Help: "Questions to the gate by outcome: allow, deny, or without a valid answer away_open (continued), away_closed (refused).",
		}, []string{"answer"}),
		gateDuration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "registrar_gate_duration_seconds",
			Help:    "Duration of questions to the gate, with the retry after a lost connection.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "registrar_event_requests_total",
			Help: "Requests with an event by endpoint and outcome: delivered, gone (410), failed.",
		}, []string{"endpoint", "outcome"}),
	}
	m.registry.MustRegister(
		m.gateAnswers, m.gateDuration, m.events,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, o := range []gate.Outcome{gate.Allowed, gate.Denied, gate.AwayOpen, gate.AwayClosed} {
		m.gateAnswers.WithLabelValues(string(o)) // so that an alert sees the first increase
	}
	return m
}

// Handler serves the metrics at /metrics.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// GateAsked counts a question to the gate.
func (m *Metrics) GateAsked(o gate.Outcome, took time.Duration) {
	m.gateAnswers.WithLabelValues(string(o)).Inc()
	m.gateDuration.Observe(took.Seconds())
}

// EventOutcome is the outcome of a request with an event.
type EventOutcome string

// The outcomes of requests with events.
const (
	EventDelivered EventOutcome = "delivered"
	EventGone      EventOutcome = "gone"
	EventFailed    EventOutcome = "failed"
)

// AddEndpoint lets the counts of an endpoint start at 0, so that an alert sees the first increase.
func (m *Metrics) AddEndpoint(name string) {
	for _, o := range []EventOutcome{EventDelivered, EventGone, EventFailed} {
		m.events.WithLabelValues(name, string(o))
	}
}

// EventPosted counts a request with an event.
func (m *Metrics) EventPosted(endpoint string, o EventOutcome) {
	m.events.WithLabelValues(endpoint, string(o)).Inc()
}
