package api

import (
	"context"
	"time"

	"registrar/api/openapi"
	"registrar/internal/health"
)

const (
	// readinessTimeout bounds the checks of /readyz: load balancers commonly time out after 2 s or more.
	readinessTimeout = 1500 * time.Millisecond
	// readinessAge is how long a result of Temporal and the database counts. Load balancers ask once a second.
	readinessAge = time.Second
)

// GetHealth is GET /healthz.
func (s *server) GetHealth(context.Context, openapi.GetHealthRequestObject) (openapi.GetHealthResponseObject, error) {
	return openapi.GetHealth200JSONResponse{Body: openapi.Health{Status: openapi.HealthStatusOk}}, nil
}

// GetReadiness is GET /readyz. It logs the causes of failed checks and does not send them.
func (s *server) GetReadiness(
	ctx context.Context, _ openapi.GetReadinessRequestObject,
) (openapi.GetReadinessResponseObject, error) {
	ctx, cancel := context.WithTimeout(requestContext(ctx), readinessTimeout)
	defer cancel()
	report := s.checks.Run(ctx, s.log(ctx))
	body := openapi.Readiness{Status: openapi.ReadinessStatus(report.Status), Checks: map[string]openapi.Check{}}
	for name, result := range report.Checks {
		body.Checks[name] = openapi.Check(result)
	}
	if body.Status == openapi.ReadinessStatusNotReady {
		return openapi.GetReadiness503JSONResponse{Body: body}, nil
	}
	return openapi.GetReadiness200JSONResponse{Body: body}, nil
}

// readinessChecks returns the checks of /readyz. Anyone may call it, so calls of Temporal and the database are cached.
func readinessChecks(d Deps) health.Checks {
	engine := health.NewGracePeriod(d.EngineGrace, d.Now)
	checks := health.Checks{
		"engine": health.Cached(func(ctx context.Context) error { return engine.Check(d.Engine.Ready(ctx)) }, readinessAge, d.Now),
	}
	if d.Schema != nil {
		checks["schema"] = health.Cached(d.Schema, readinessAge, d.Now)
	}
	if d.Draining != nil {
		checks["draining"] = health.Draining(d.Draining)
	}
	return checks
}
