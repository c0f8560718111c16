package metrics

import "github.com/prometheus/client_golang/prometheus"

// EventOutcome is the outcome of a request with an event.
type EventOutcome string

// The outcomes of requests with events.
const (
	EventDelivered EventOutcome = "delivered"
	EventGone      EventOutcome = "gone"
	EventFailed    EventOutcome = "failed"
)

// Events are the metrics of the requests with events.
type Events struct{ requests *prometheus.CounterVec }

// Events adds the metrics of the requests with events.
func (m *Metrics) Events() *Events {
	return &Events{m.add.NewCounterVec(prometheus.CounterOpts{
		Name: "registrar_event_requests_total",
		Help: "Requests with an event by endpoint and outcome: delivered, gone (410), failed.",
	}, []string{"endpoint", "outcome"})}
}

// AddEndpoint lets the counts of an endpoint start at 0, so that an alert sees the first increase.
func (e *Events) AddEndpoint(name string) {
	for _, o := range []EventOutcome{EventDelivered, EventGone, EventFailed} {
		e.requests.WithLabelValues(name, string(o))
	}
}

// Posted counts a request with an event.
func (e *Events) Posted(endpoint string, o EventOutcome) {
	e.requests.WithLabelValues(endpoint, string(o)).Inc()
}
