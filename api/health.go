package api

import (
	"context"
	"errors"
	"sync"
	"time"
)

// readinessTimeout bounds the checks of /readyz: load balancers commonly give up after 2 s or more.
const readinessTimeout = 1500 * time.Millisecond

var errDraining = errors.New("the process is about to stop")

// GetHealth is GET /healthz.
func (s *server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Body: Health{Status: HealthStatusOk}}, nil
}

// GetReadiness is GET /readyz. The causes of failed checks are only logged.
func (s *server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	ctx, cancel := context.WithTimeout(requestContext(ctx), readinessTimeout)
	defer cancel()
	body := Readiness{Status: ReadinessStatusReady, Checks: map[string]Check{}}
	for name, check := range s.checks() {
		body.Checks[name] = CheckOk
		if err := check(ctx); err != nil {
			s.log(ctx).Warn("not ready", "check", name, "err", err)
			body.Checks[name] = CheckFailed
			body.Status = ReadinessStatusNotReady
		}
	}
	if body.Status == ReadinessStatusNotReady {
		return GetReadiness503JSONResponse{Body: body}, nil
	}
	return GetReadiness200JSONResponse{Body: body}, nil
}

// gracePeriod forgives failures for a while: when all replicas lose the engine at once, a load balancer that takes them all
// out can only say less than they do.
type gracePeriod struct {
	limit time.Duration
	now   func() time.Time

	mu          sync.Mutex
	lastSuccess time.Time // when there was no failure; zero before the first time
}

// check is err, or nil as long as it is forgiven.
func (g *gracePeriod) check(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	switch {
	case err == nil:
		g.lastSuccess = now
		return nil
	case !g.lastSuccess.IsZero() && now.Sub(g.lastSuccess) < g.limit:
		return nil
	default:
		return err
	}
}

// checks are what readiness depends on.
func (s *server) checks() map[string]func(context.Context) error {
	checks := map[string]func(context.Context) error{
		"engine": func(ctx context.Context) error { return s.engine.check(s.Engine.Ready(ctx)) },
	}
	if s.Schema != nil {
		checks["schema"] = s.Schema
	}
	if s.Draining != nil {
		checks["draining"] = func(context.Context) error {
			if s.Draining() {
				return errDraining
			}
			return nil
		}
	}
	return checks
}
