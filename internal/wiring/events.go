package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"registrar/activities"
	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/metrics"
	"registrar/internal/webhook"
)

// OpenEndpoints returns the configured endpoints for events, each with a client of its own, whose requests are counted. It calls
// none of them.
func OpenEndpoints(c config.Config, counts *metrics.Metrics, logger *slog.Logger) ([]activities.Endpoint, error) {
	configured, err := c.Endpoints()
	if err != nil {
		return nil, err
	}
	endpoints, events := make([]activities.Endpoint, len(configured)), counts.Events()
	for i, e := range configured {
		client, err := webhook.New(webhook.Options{
			Name: e.Name, URL: e.URL, Secrets: e.Secrets, Timeout: c.Events.EventsTimeout, AllowPrivate: c.Events.EventsAllowPrivate,
		})
		if err != nil {
			return nil, fmt.Errorf("endpoint %s for events: %w", e.Name, err)
		}
		events.AddEndpoint(e.Name)
		guard := delivery.NewGuard(e.Name, countingPoster{client, e.Name, events}, logger)
		endpoints[i] = activities.Endpoint{Endpoint: e, Poster: guard}
	}
	return endpoints, nil
}

// countingPoster counts the requests to an endpoint.
type countingPoster struct {
	delivery.Poster
	endpoint string
	counts   *metrics.Events
}

func (p countingPoster) Post(ctx context.Context, id string, body []byte) error {
	err := p.Poster.Post(ctx, id, body)
	outcome := metrics.EventFailed
	if refusal, ok := errors.AsType[*message.Error](err); ok && refusal.Failure == message.Rejected {
		outcome = metrics.EventGone
	}
	if err == nil {
		outcome = metrics.EventDelivered
	}
	p.counts.Posted(p.endpoint, outcome)
	return err
}
