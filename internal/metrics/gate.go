package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/gate"
)

// Gate are the metrics of the questions to the gate.
type Gate struct {
	answers  *prometheus.CounterVec
	duration prometheus.Histogram
}

// Gate adds the metrics of the gate.
func (m *Metrics) Gate() *Gate {
	g := &Gate{
		answers: m.add.NewCounterVec(prometheus.CounterOpts{
			Name: "registrar_gate_answers_total",
			Help: "Questions to the gate by outcome: allow, deny, or without a valid answer away_open (continued), away_closed (refused).",
		}, []string{"answer"}),
		duration: m.add.NewHistogram(prometheus.HistogramOpts{
			Name:    "registrar_gate_duration_seconds",
			Help:    "Duration of questions to the gate, with the retry after a lost connection.",
			Buckets: callBuckets,
		}),
	}
	for _, o := range []gate.Outcome{gate.Allowed, gate.Denied, gate.AwayOpen, gate.AwayClosed} {
		g.answers.WithLabelValues(string(o)) // so that an alert sees the first increase
	}
	return g
}

// Asked counts a question to the gate.
func (g *Gate) Asked(o gate.Outcome, took time.Duration) {
	g.answers.WithLabelValues(string(o)).Inc()
	g.duration.Observe(took.Seconds())
}
