package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	testparts "registrar/test/parts"
)

// Run is a run of the benchmark. Parts use it from one goroutine.
type Run struct {
	// Scope owns the processes and folders that a part starts. They end with the part.
	Scope *testparts.Scope
	// Short selects tiny counts.
	Short bool

	part   string // the running one
	report Report
}

func newRun(short bool, now time.Time) *Run {
	return &Run{Short: short, report: Report{Began: now.UTC(), Short: short, Cores: runtime.NumCPU(), Go: runtime.Version(), Load: []float64{loadAverage()}}}
}

// Pick returns the count or duration for this run: the first one, or the second one if the run is short.
func Pick[T any](r *Run, full, short T) T {
	if r.Short {
		return short
	}
	return full
}

// Add reports a figure with the values that were measured, one for each round. Key names the figure in the JSON file and in
// the table of goals; it must not change between versions. Name is for people.
func (r *Run) Add(key, name, unit string, values ...float64) {
	f := newFigure(key, name, unit, values)
	f.Part = r.part
	if r.Short {
		f.Goal, f.Met = nil, nil // the figures of a short run mean nothing
	}
	r.report.Figures = append(r.report.Figures, f)
}

// Logf reports progress.
func (r *Run) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6s  %-9s  %s\n", time.Since(r.report.Began).Round(time.Second), r.part, fmt.Sprintf(format, args...))
}

// runPart runs a part, and stops the processes that it started.
func (r *Run) runPart(ctx context.Context, p part) (err error) {
	r.part = p.name
	r.Logf("%s", p.what)
	err = errors.New("a process could not be started; see above")
	testparts.Main(func(s *testparts.Scope) int {
		r.Scope = s
		if err = p.run(ctx, r); err != nil {
			return 1
		}
		return 0
	})
	return err
}

func (r *Run) finish(failed []error) {
	r.report.Took = time.Since(r.report.Began).Round(time.Second).String()
	r.report.Load = append(r.report.Load, loadAverage())
	for _, err := range failed {
		r.report.Failed = append(r.report.Failed, err.Error())
	}
}

// loadAverage returns the system's load of the last minute, or 0 where it is not known.
func loadAverage() (load float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, _ = fmt.Sscan(string(text), &load)
	}
	return load
}
