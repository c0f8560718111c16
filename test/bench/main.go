// Command bench measures the service on this machine and prints one table: throughput as ratios to the ceilings of the same
// run, latencies, processor time and memory by part, and the cost of a registration in Temporal. docs/performance.md explains
// each figure.
//
//	go run ./test/bench            # at most 15 minutes on two cores
//	go run ./test/bench --short    # every part with tiny counts: it shows that the parts work, its figures mean nothing
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// part measures one subject and reports its figures to the Run.
type part struct {
	name string // for --only
	what string // for --help
	run  func(ctx context.Context, r *Run) error
}

// parts are in the order of their execution.
var parts = []part{
	{"rate", "registrations a second, latencies and processor time in dev, beside the ceilings", ratePart},
	{"profile", "processor time and allocations of a registration by part of dev", profilePart},
	{"cost", "what a registration costs in Temporal: events, bytes, state transitions, billable actions", costPart},
	{"users", "times of the answers with a thousand and with a million users", usersPart},
	{"memory", "memory of dev under load, over thousands of registrations, and with 10,000 that wait", memoryPart},
	{"cluster", "the highly available system: processor time and memory of each process", clusterPart},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type flags struct {
	short  bool
	output string
	only   []string
}

func command() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measures the service on this machine and prints a table of ratios",
		Long:  "Measures the service on this machine and prints a table of ratios (docs/performance.md). Parts, in their order:\n\n" + describeParts(),
		Args:  cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.AddCommand(childCommand(hashingCommand, hashAll), childCommand(temporalCommand, runTemporal))
	c.Flags().BoolVar(&f.short, "short", false, "measure with tiny counts, to check that every part works")
	c.Flags().StringVar(&f.output, "output", filepath.Join(".bin", "bench"), "folder for the table and the JSON file")
	c.Flags().StringSliceVar(&f.only, "only", nil, "names of the parts to run; default: all")
	return c
}

func describeParts() string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "  %-10s %s\n", p.name, p.what)
	}
	return b.String()
}

func (f *flags) run(ctx context.Context) error {
	chosen, err := choose(f.only)
	if err != nil {
		return err
	}
	r := newRun(f.short, time.Now())
	var failed []error
	for _, p := range chosen {
		if err := r.runPart(ctx, p); err != nil {
			failed = append(failed, fmt.Errorf("part %s: %w", p.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	r.finish(failed)
	fmt.Print(r.report.Table() + r.report.Scale())
	return errors.Join(append(failed, r.report.write(f.output))...)
}

// choose returns the parts with the names, or all.
func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	var chosen []part
	for _, name := range names {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--only: there is no part %q; see --help", name)
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}
