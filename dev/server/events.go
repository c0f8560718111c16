package main

import (
	"cmp"
	"context"

	"registrar/activities"
	"registrar/dev/receiver"
	"registrar/internal/wiring"
)

// openEndpoints returns the endpoints for events: the program of --with, those that are configured, or else the receiver.
func (s *stack) openEndpoints(ctx context.Context) ([]activities.Endpoint, error) {
	if err := s.startCompanion(ctx); err != nil {
		return nil, err
	}
	own := s.receiver && !s.config.Events.Configured()
	if own {
		s.config.Events.EventsURL = s.base + receiver.Path
		s.config.Events.EventsSecret = cmp.Or(s.config.Events.EventsSecret, receiver.Secret)
	}
	endpoints, err := wiring.OpenEndpoints(s.config, s.counts, s.logger)
	if err != nil || !own {
		return endpoints, err
	}
	if s.events, err = receiver.Open(s.data, endpoints[0].Secrets...); err != nil {
		return nil, err
	}
	s.onStop(s.events.Close)
	return endpoints, nil
}
