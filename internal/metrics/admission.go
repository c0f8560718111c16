package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/admission"
)

// Admission are a limiter of registrations and its metrics.
type Admission struct {
	*admission.Limiter
	refused *prometheus.CounterVec
}

// Admission adds the metrics of a limiter.
func (m *Metrics) Admission(l *admission.Limiter) *Admission {
	m.add.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "registrar_admission_limit", Help: "Registrations that may be in progress at once. The limit follows the speed of the service.",
	}, func() float64 { return float64(l.Limit()) })
	m.add.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "registrar_admission_in_flight", Help: "Registrations in progress, except for those that were given up while none was completed.",
	}, func() float64 { return float64(l.InFlight()) })
	a := &Admission{l, m.add.NewCounterVec(prometheus.CounterOpts{
		Name: "registrar_admission_refused_total",
		Help: "Requests that were refused with 503 before any work, because the limit of registrations was reached, by reason: " +
			"registration, or password_check (a check of a password meanwhile).",
	}, []string{"reason"})}
	for _, r := range []admission.Reason{admission.ReasonRegistration, admission.ReasonPasswordCheck} {
		a.refused.WithLabelValues(string(r)) // so that an alert sees the first increase
	}
	return a
}

// Refused counts a refused request.
func (a *Admission) Refused(r admission.Reason) { a.refused.WithLabelValues(string(r)).Inc() }
