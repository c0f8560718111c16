package wiring

import (
	"fmt"
	"log/slog"

	"registrar/activities"
	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/webhook"
)

// OpenEndpoints returns the configured endpoints for events, each with a client of its own. It calls none of them.
func OpenEndpoints(c config.Config, logger *slog.Logger) ([]activities.Endpoint, error) {
	configured, err := c.Endpoints()
	if err != nil {
		return nil, err
	}
	endpoints := make([]activities.Endpoint, len(configured))
	for i, e := range configured {
		client, err := webhook.New(webhook.Options{
			Name: e.Name, URL: e.URL, Secrets: e.Secrets, Timeout: c.Events.EventsTimeout, AllowPrivate: c.Events.EventsAllowPrivate,
		})
		if err != nil {
			return nil, fmt.Errorf("endpoint %s for events: %w", e.Name, err)
		}
		guard := delivery.NewGuard(e.Name, client, logger.With("of", "events"))
		endpoints[i] = activities.Endpoint{Endpoint: e, Poster: guard}
	}
	return endpoints, nil
}
