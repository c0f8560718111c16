package metrics

import (
	"maps"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// traceTag is the tag of a timer whose value becomes an exemplar instead of a label.
const traceTag = "trace_id"

// Temporal is a client.MetricsHandler for the metrics of Temporal's SDK and of the workflows. It keeps the metrics of its tables with
// the labels there, and drops all others, so that the number of series does not depend on the SDK. As usual, the names of
// counters end with _total, and those of timers with _seconds.
type Temporal struct {
	counters map[string]recorded[*prometheus.CounterVec]
	gauges   map[string]recorded[*prometheus.GaugeVec]
	timers   map[string]recorded[*prometheus.HistogramVec]
}

// recorded is a metric and its labels, which are tags of the SDK.
type recorded[V any] struct {
	vector V
	labels []string
}

// Temporal returns the metrics of Temporal's SDK and of the workflows. Unlike other groups, it may be called several times.
func (m *Metrics) Temporal() *Temporal { return m.temporal }

func (m *Metrics) newTemporal() *Temporal {
	t := &Temporal{
		counters: map[string]recorded[*prometheus.CounterVec]{},
		gauges:   map[string]recorded[*prometheus.GaugeVec]{},
		timers:   map[string]recorded[*prometheus.HistogramVec]{},
	}
	for name, f := range counters {
		o := prometheus.CounterOpts{Name: strings.TrimSuffix(name, "_total") + "_total", Help: f.help}
		t.counters[name] = recorded[*prometheus.CounterVec]{m.add.NewCounterVec(o, f.labels), f.labels}
	}
	for name, f := range gauges {
		o := prometheus.GaugeOpts{Name: name, Help: f.help}
		t.gauges[name] = recorded[*prometheus.GaugeVec]{m.add.NewGaugeVec(o, f.labels), f.labels}
	}
	for name, f := range timers {
		o := prometheus.HistogramOpts{Name: name + "_seconds", Help: f.help, Buckets: f.buckets}
		t.timers[name] = recorded[*prometheus.HistogramVec]{m.add.NewHistogramVec(o, f.labels), f.labels}
	}
	return t
}

// AddRegistrations lets the counts of registrations start at 0, so that an alert sees the first increase.
func (t *Temporal) AddRegistrations() {
	t.counters[workflows.MetricStarted].vector.WithLabelValues()
	for _, outcome := range workflows.Outcomes {
		t.counters[workflows.MetricOutcomes].vector.WithLabelValues(outcome)
	}
	for _, reason := range workflows.FailureReasons {
		t.counters[workflows.MetricStepsParked].vector.WithLabelValues(string(reason))
	}
	t.timers[workflows.MetricHandover].vector.WithLabelValues()
	t.timers[workflows.MetricEntry].vector.WithLabelValues()
}

// Handler returns the handler for a client's options.
func (t *Temporal) Handler() client.MetricsHandler { return taggedHandler{t, nil} }

// taggedHandler is the handler with the tags that its callers have added.
type taggedHandler struct {
	*Temporal
	tags map[string]string
}

// WithTags returns a handler with additional tags.
func (h taggedHandler) WithTags(tags map[string]string) client.MetricsHandler {
	all := make(map[string]string, len(h.tags)+len(tags))
	maps.Copy(all, h.tags)
	maps.Copy(all, tags)
	return taggedHandler{h.Temporal, all}
}

// Counter returns the counter of a name.
func (h taggedHandler) Counter(name string) client.MetricsCounter {
	c, ok := h.counters[name]
	if !ok {
		return nothing{}
	}
	return counter{c.vector.WithLabelValues(h.values(c.labels)...)}
}

// Gauge returns the gauge of a name.
func (h taggedHandler) Gauge(name string) client.MetricsGauge {
	g, ok := h.gauges[name]
	if !ok {
		return nothing{}
	}
	return gauge{g.vector.WithLabelValues(h.values(g.labels)...)}
}

// Timer returns the timer of a name.
func (h taggedHandler) Timer(name string) client.MetricsTimer {
	t, ok := h.timers[name]
	if !ok {
		return nothing{}
	}
	return timer{t.vector.WithLabelValues(h.values(t.labels)...), h.tags[traceTag]}
}

func (h taggedHandler) values(labels []string) []string {
	values := make([]string, len(labels))
	for i, label := range labels {
		values[i] = h.tags[label]
	}
	return values
}

type counter struct{ prometheus.Counter }

func (c counter) Inc(n int64) { c.Add(float64(n)) }

type gauge struct{ prometheus.Gauge }

func (g gauge) Update(value float64) { g.Set(value) }

type timer struct {
	prometheus.Observer
	traceID string
}

func (t timer) Record(took time.Duration) { observeTrace(t.Observer, took, t.traceID) }

// nothing drops what is recorded.
type nothing struct{}

func (nothing) Inc(int64)            {}
func (nothing) Update(float64)       {}
func (nothing) Record(time.Duration) {}
