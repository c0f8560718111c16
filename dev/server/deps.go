package main

import (
	"context"

	"registrar/api"
	"registrar/internal/store"
	"registrar/internal/wiring"
)

// complete opens the other dependencies of the API.
func (s *stack) complete(ctx context.Context, deps *api.Deps, users *store.Store) (err error) {
	if deps.Endpoints, err = s.config.Receivers(); err != nil {
		return err
	}
	if err := s.openHasher(deps); err != nil {
		return err
	}
	return s.openGate(ctx, deps, users)
}

func (s *stack) openHasher(deps *api.Deps) error {
	if deps.Hasher = s.hasher; s.hasher != nil {
		return nil
	}
	hasher, stop, err := wiring.OpenHasher(s.config.Password, s.counts.Hashing(), s.logger)
	if err != nil {
		return err
	}
	deps.Hasher = hasher
	s.onStop(func() error { stop(); return nil })
	return nil
}
