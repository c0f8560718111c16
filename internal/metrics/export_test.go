package metrics

import "github.com/prometheus/client_golang/prometheus"

// Describe sends the descriptions of all metrics, also of those without a series.
func (m *Metrics) Describe(all chan<- *prometheus.Desc) { m.registry.Describe(all) }
