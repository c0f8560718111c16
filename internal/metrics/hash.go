package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/secret"
)

// Hashing are the metrics of password hashes.
type Hashing struct {
	duration, wait prometheus.Histogram
	waiting        prometheus.Gauge
	refused, cpu   prometheus.Counter
}

var _ secret.HashObserver = (*Hashing)(nil)

// Hashing adds the metrics of password hashes.
func (m *Metrics) Hashing() *Hashing {
	return &Hashing{
		duration: m.add.NewHistogram(prometheus.HistogramOpts{
			Name: "registrar_password_hash_duration_seconds", Help: "Duration of password hashes, without the wait before.",
			Buckets: []float64{.005, .01, .02, .03, .04, .06, .08, .1, .15, .25, .5, 1, 2.5},
		}),
		wait: m.add.NewHistogram(prometheus.HistogramOpts{
			Name: "registrar_password_hash_wait_seconds", Help: "Time that requests waited for a free place to hash.", Buckets: callBuckets,
		}),
		waiting: m.add.NewGauge(prometheus.GaugeOpts{
			Name: "registrar_password_hash_waiting", Help: "Requests that wait for a free place to hash.",
		}),
		cpu: m.add.NewCounter(prometheus.CounterOpts{
			Name: "registrar_password_hash_cpu_seconds_total",
			Help: "CPU time of the hash processes, on Linux. process_cpu_seconds_total does not include it. 0 with HASH_PROCESSES=false.",
		}),
		refused: m.add.NewCounter(prometheus.CounterOpts{
			Name: "registrar_password_hash_refused_total", Help: "Requests that were refused because too many waited to hash.",
		}),
	}
}

// HashWaits counts a caller that begins to wait.
func (h *Hashing) HashWaits() { h.waiting.Inc() }

// HashBegins counts a caller that has waited, and either hashes now or has given up.
func (h *Hashing) HashBegins(ctx context.Context, waited time.Duration) {
	h.waiting.Dec()
	observe(ctx, h.wait, waited)
}

// HashEnded counts a hash.
func (h *Hashing) HashEnded(ctx context.Context, took time.Duration) { observe(ctx, h.duration, took) }

// HashUsed counts CPU time of hash processes.
func (h *Hashing) HashUsed(cpu time.Duration) { h.cpu.Add(cpu.Seconds()) }

// HashRefused counts a caller that was refused because too many were waiting.
func (h *Hashing) HashRefused() { h.refused.Inc() }
