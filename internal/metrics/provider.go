package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

// Providers are the metrics of the providers of email and SMS.
type Providers struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	open     *prometheus.GaugeVec
}

// Providers adds the metrics of the providers.
func (m *Metrics) Providers() *Providers {
	return &Providers{
		requests: m.add.NewCounterVec(prometheus.CounterOpts{
			Name: "registrar_provider_requests_total",
			Help: "Requests to providers by outcome: accepted, rejected (the destination), misconfigured (our account), unavailable.",
		}, []string{"channel", "provider", "outcome"}),
		duration: m.add.NewHistogramVec(prometheus.HistogramOpts{
			Name: "registrar_provider_request_duration_seconds", Help: "Duration of requests to providers.", Buckets: callBuckets,
		}, []string{"channel", "provider"}),
		open: m.add.NewGaugeVec(prometheus.GaugeOpts{
			Name: "registrar_provider_circuit_open",
			Help: "1 while this process does not call the provider normally, because it failed several times in a row. messages: codes, notices or batches.",
		}, []string{"channel", "provider", "messages"}),
	}
}

// Of returns the observer of a channel's chain.
func (p *Providers) Of(channel message.Channel) delivery.Observer {
	return channelProviders{p, string(channel)}
}

type channelProviders struct {
	*Providers
	channel string
}

// AddProvider lets the counts of a provider start at 0, so that an alert sees the first increase.
func (p channelProviders) AddProvider(provider string) {
	for _, o := range delivery.Outcomes {
		p.requests.WithLabelValues(p.channel, provider, string(o))
	}
}

// ProviderCalled counts a request to a provider.
func (p channelProviders) ProviderCalled(ctx context.Context, provider string, o delivery.Outcome, took time.Duration) {
	p.requests.WithLabelValues(p.channel, provider, string(o)).Inc()
	observe(ctx, p.duration.WithLabelValues(p.channel, provider), took)
}

// CircuitChanged stores whether the circuit breaker of a provider is open.
func (p channelProviders) CircuitChanged(provider, messages string, open bool) {
	value := 0.0
	if open {
		value = 1
	}
	p.open.WithLabelValues(p.channel, provider, messages).Set(value)
}
