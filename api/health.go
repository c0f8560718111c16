package api

import (
	"context"
	"errors"
	"time"
)

// readinessPatience bounds the checks of /readyz: load balancers commonly give up after 2 s or more.
const readinessPatience = 1500 * time.Millisecond

var errDraining = errors.New("the process is about to stop")

// GetHealth is GET /healthz.
func (s *server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Body: Health{Status: HealthStatusOk}}, nil
}

// GetReadiness is GET /readyz. The causes of failed checks are only logged.
func (s *server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	ctx, cancel := context.WithTimeout(requestContext(ctx), readinessPatience)
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

// checks are what readiness depends on.
func (s *server) checks() map[string]func(context.Context) error {
	checks := map[string]func(context.Context) error{"engine": s.Engine.Ready}
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
