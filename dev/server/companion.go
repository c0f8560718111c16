package main

import (
	"context"
	"path/filepath"

	"registrar/dev/companion"
)

// startCompanion starts the program of --with, if there is one, and makes it the receiver of events and the gate.
func (s *stack) startCompanion(ctx context.Context) error {
	o := s.companion
	if o.Path == "" {
		return nil
	}
	o.Data, o.RegistrarURL, o.AdminToken, o.Logger = s.data, s.base, s.config.API.AdminToken, s.logger
	p, err := companion.Start(ctx, o)
	if err != nil {
		return err
	}
	s.onStop(func() error { p.Stop(); return nil })
	s.program = &location{filepath.Base(o.Path), p.URL, true}
	events, gate := &s.config.Events, &s.config.Gate
	events.EventsURL, events.EventsSecret, events.EventsPasswordHash, events.EventsAllowPrivate = p.EventsURL, p.EventsSecret, true, true
	gate.GateURL, gate.GateSecret = p.GateURL, p.GateSecret
	return nil
}
