package metrics

import (
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Database adds the metrics of the connections to the user database (go_sql_*).
func (m *Metrics) Database(pool *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(pool, "registrar"))
}

// Certificates adds the expiry of the certificates that the process has loaded.
func (m *Metrics) Certificates(expiries map[string]time.Time) {
	expiry := m.add.NewGaugeVec(prometheus.GaugeOpts{
		Name: "registrar_certificate_expiry_timestamp_seconds",
		Help: "Unix time at which a certificate that the process has loaded expires; the first one of its file.",
	}, []string{"certificate"})
	for name, at := range expiries {
		expiry.WithLabelValues(name).Set(float64(at.Unix()))
	}
}

// Keysets adds the age of the keysets that the process has loaded from files, which is that of the file.
func (m *Metrics) Keysets(written map[string]time.Time) {
	for name, at := range written {
		m.add.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "registrar_keyset_age_seconds", Help: "Time since the file of a keyset that the process has loaded was written.",
			ConstLabels: prometheus.Labels{"keyset": name},
		}, func() float64 { return time.Since(at).Seconds() })
	}
}
