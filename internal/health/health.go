// Package health answers the probes of a process, GET /healthz and GET /readyz, and asks them.
package health

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
)

// Status is the answer to a probe.
type Status string

// The statuses: StatusOK is the answer of /healthz, the others are those of /readyz.
const (
	StatusOK       Status = "ok"
	StatusReady    Status = "ready"
	StatusNotReady Status = "not_ready"
)

// Result is the outcome of one check.
type Result string

// The results.
const (
	ResultOK     Result = "ok"
	ResultFailed Result = "failed"
)

// Report is the body of an answer. Only /readyz has checks.
type Report struct {
	Status Status            `json:"status"`
	Checks map[string]Result `json:"checks,omitempty"`
}

// Check returns nil when something that readiness depends on is in order.
type Check func(context.Context) error

// Checks are the named checks of a process, which is ready when none fails.
type Checks map[string]Check

// Run runs every check. The causes of failures are logged, and not part of the report.
func (c Checks) Run(ctx context.Context, logger *slog.Logger) Report {
	report := Report{Status: StatusReady, Checks: map[string]Result{}}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		report.Checks[name] = ResultOK
		if err := c[name](ctx); err != nil {
			logger.WarnContext(ctx, "not ready", "check", name, "err", err)
			report.Checks[name] = ResultFailed
			report.Status = StatusNotReady
		}
	}
	return report
}

var errDraining = errors.New("the process is about to stop")

// Draining is the check that fails once the process has been told to stop.
func Draining(draining func() bool) Check {
	return func(context.Context) error {
		if draining() {
			return errDraining
		}
		return nil
	}
}
