package api

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	failing := func(context.Context) error { return errors.New("s3cret cause") }
	healthy := func(context.Context) error { return nil }
	for _, tt := range []struct {
		name     string
		engine   func(context.Context) error
		schema   func(context.Context) error
		draining func() bool
		status   int
		checks   map[string]Check
	}{
		{"all", healthy, healthy, func() bool { return false }, 200,
			map[string]Check{"engine": "ok", "schema": "ok", "draining": "ok"}},
		{"only the engine", healthy, nil, nil, 200, map[string]Check{"engine": "ok"}},
		{"engine", failing, healthy, nil, 503, map[string]Check{"engine": "failed", "schema": "ok"}},
		{"schema", healthy, failing, nil, 503, map[string]Check{"engine": "ok", "schema": "failed"}},
		{"draining", healthy, nil, func() bool { return true }, 503, map[string]Check{"engine": "ok", "draining": "failed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) { d.Schema, d.Draining = tt.schema, tt.draining })
			s.engine.ready = tt.engine
			w := s.send(t, "GET", "/readyz", "")
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Equal(t, tt.checks, decode[Readiness](t, w).Checks)
			require.NotContains(t, w.Body.String(), "s3cret")
			require.Equal(t, 200, s.send(t, "GET", "/healthz", "").Code)
		})
	}
}
