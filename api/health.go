package api

import (
	"context"
	"time"

	"registrar/api/openapi"
	"registrar/internal/health"
)

// readinessTimeout bounds the checks of /readyz: load balancers commonly time out after 2 s or more.
const readinessTimeout = 1500 * time.Millisecond

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
	report := s.checks().Run(ctx, s.log(ctx))
	body := openapi.Readiness{Status: openapi.ReadinessStatus(report.Status), Checks: map[string]openapi.Check{}}
	for name, result := range report.Checks {
		body.Checks[name] = openapi.Check(result)
	}
	if body.Status == openapi.ReadinessStatusNotReady {
		return openapi.GetReadiness503JSONResponse{Body: body}, nil
	}
	return openapi.GetReadiness200JSONResponse{Body: body}, nil
}

// checks returns the readiness checks.
func (s *server) checks() health.Checks {
	checks := health.Checks{
		"engine": func(ctx context.Context) error { return s.engine.Check(s.Engine.Ready(ctx)) },
	}
	if s.Schema != nil {
		checks["schema"] = s.Schema
	}
	if s.Draining != nil {
		checks["draining"] = health.Draining(s.Draining)
	}
	return checks
}
