package metrics

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"registrar/api"
)

// HTTP are the metrics of the API's requests.
type HTTP struct {
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	refusals *prometheus.CounterVec
}

var _ api.Observer = (*HTTP)(nil)

// HTTP adds the metrics of the API's requests.
func (m *Metrics) HTTP() *HTTP {
	h := &HTTP{
		duration: m.add.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "registrar_http_request_duration_seconds",
			Help:    "Duration of requests by operation of the contract (signup, page and other for the rest) and HTTP status.",
			Buckets: callBuckets,
		}, []string{"operation", "code"}),
		inFlight: m.add.NewGauge(prometheus.GaugeOpts{
			Name: "registrar_http_requests_in_flight", Help: "Requests that are being served.",
		}),
		refusals: m.add.NewCounterVec(prometheus.CounterOpts{
			Name: "registrar_limit_refusals_total", Help: "Requests that a rate limit refused, by the limit's name in the log.",
		}, []string{"limit"}),
	}
	for _, limit := range api.LimitNames {
		h.refusals.WithLabelValues(limit) // so that an alert sees the first increase
	}
	return h
}

// RequestBegan counts a request that is being served.
func (h *HTTP) RequestBegan() { h.inFlight.Inc() }

// RequestEnded counts a request that has been served.
func (h *HTTP) RequestEnded(ctx context.Context, operation string, status int, took time.Duration) {
	h.inFlight.Dec()
	observe(ctx, h.duration.WithLabelValues(operation, strconv.Itoa(status)), took)
}

// LimitRefused counts a request that a limit refused.
func (h *HTTP) LimitRefused(limit string) { h.refusals.WithLabelValues(limit).Inc() }
