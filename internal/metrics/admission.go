package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/admission"
)

// Admission counts what a limiter of new registrations does. It implements api.Admission.
type Admission struct {
	*admission.Limiter
	refused *prometheus.CounterVec
}

// WatchAdmission adds the metrics of a limiter.
func (m *Metrics) WatchAdmission(l *admission.Limiter) Admission {
	a := Admission{l, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "registrar_admission_refused_total",
		Help: "Requests that were refused with 503 overloaded before any work, by reason: registration (too many in progress), password_check (checked only while registrations are admitted).",
	}, []string{"reason"})}
	for _, r := range []admission.Reason{admission.ReasonRegistration, admission.ReasonPasswordCheck} {
		a.refused.WithLabelValues(string(r)) // so that an alert sees the first increase
	}
	m.registry.MustRegister(
		a.refused,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "registrar_admission_limit", Help: "Registrations that may be in progress at once. The limit follows the speed of the service.",
		}, func() float64 { return float64(l.Limit()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "registrar_admission_in_flight", Help: "Registrations in progress.",
		}, func() float64 { return float64(l.InFlight()) }),
	)
	return a
}

// Refused counts a refused request.
func (a Admission) Refused(r admission.Reason) { a.refused.WithLabelValues(string(r)).Inc() }
