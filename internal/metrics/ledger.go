package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/message"
)

// Ledger are the metrics of the message ledger.
type Ledger struct{ avoided *prometheus.CounterVec }

// Ledger adds the metrics of the message ledger.
func (m *Metrics) Ledger() *Ledger {
	return &Ledger{m.add.NewCounterVec(prometheus.CounterOpts{
		Name: "registrar_ledger_duplicates_avoided_total",
		Help: "Messages that were not sent again, because the ledger shows that a provider has accepted them. A batch of a campaign is one.",
	}, []string{"message"})}
}

// DuplicateAvoided counts a message that was not sent again.
func (l *Ledger) DuplicateAvoided(kind message.Kind) { l.avoided.WithLabelValues(string(kind)).Inc() }
