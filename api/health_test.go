package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/health"
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
		checks   map[string]openapi.Check
	}{
		{"all", healthy, healthy, func() bool { return false }, 200,
			map[string]openapi.Check{"engine": "ok", "schema": "ok", "draining": "ok"}},
		{"only the engine", healthy, nil, nil, 200, map[string]openapi.Check{"engine": "ok"}},
		{"engine", failing, healthy, nil, 503, map[string]openapi.Check{"engine": "failed", "schema": "ok"}},
		{"schema", healthy, failing, nil, 503, map[string]openapi.Check{"engine": "ok", "schema": "failed"}},
		{"draining", healthy, nil, func() bool { return true }, 503, map[string]openapi.Check{"engine": "ok", "draining": "failed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) { d.Schema, d.Draining = tt.schema, tt.draining })
			s.engine.ready = tt.engine
			w := s.send(t, "GET", "/readyz", "")
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Equal(t, tt.checks, decode[openapi.Readiness](t, w).Checks)
			require.NotContains(t, w.Body.String(), "s3cret")
			require.Equal(t, 200, s.send(t, "GET", "/healthz", "").Code)
		})
	}
}

// registrar healthcheck reads the answers of the API.
func TestHealthcheckOfTheAPI(t *testing.T) {
	t.Parallel()
	draining := false
	s := setup(t, func(d *Deps) { d.Draining = func() bool { return draining } })
	s.engine.ready = func(context.Context) error { return nil }
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	require.NoError(t, health.Ask(t.Context(), addr, health.LivePath, time.Minute))
	require.NoError(t, health.Ask(t.Context(), addr, health.ReadyPath, time.Minute))
	draining = true
	require.EqualError(t, health.Ask(t.Context(), addr, health.ReadyPath, time.Minute), "not ready (failed: draining)")
}

func TestManyProbesMakeOneCheck(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	failing := func(context.Context) error { runs.Add(1); return errors.New("s3cret cause") }
	s := setup(t, func(d *Deps) { d.Schema = failing })
	s.engine.ready = failing
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { s.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/readyz", nil)) })
	}
	all.Wait()
	require.EqualValues(t, 2, runs.Load(), "one of the engine and one of the schema")
}
