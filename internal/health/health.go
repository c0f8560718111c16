// Package health contains the handler and the client of the probes GET /healthz and GET /readyz.
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

// Check returns nil if one condition for readiness holds.
type Check func(context.Context) error

// Checks are the named checks of a process, which is ready if none fails.
type Checks map[string]Check

// Run runs every check. It logs the causes of failures, a cached one only once; the report does not contain them.
func (c Checks) Run(ctx context.Context, logger *slog.Logger) Report {
	report := Report{Status: StatusReady, Checks: map[string]Result{}}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		report.Checks[name] = ResultOK
		if err := c[name](ctx); err != nil {
			if _, again := errors.AsType[repeated](err); !again {
				logger.WarnContext(ctx, "not ready", "check", name, "err", err)
			}
			report.Checks[name] = ResultFailed
			report.Status = StatusNotReady
		}
	}
	return report
}

var errDraining = errors.New("the process is draining")

// Draining returns a check that fails while the process is draining.
func Draining(draining func() bool) Check {
	return func(context.Context) error {
		if draining() {
			return errDraining
		}
		return nil
	}
}
