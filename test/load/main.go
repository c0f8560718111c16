// Command load registers users at a constant rate and prints latencies and answers. It runs the open-loop load generator of
// registrar/test/load/loop. It accepts only loopback addresses.
//
//	go run ./test/load --url http://127.0.0.1:8080 --outbox http://127.0.0.1:8080/outbox.json --rate 20 --duration 60s
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"registrar/test/load/loop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

type flags struct {
	options loop.Options
	outbox  string
	json    string
}

func command() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "load",
		Short: "Registers users at a constant rate and prints latencies and answers",
		Long: "Registers users at a constant rate, even if the service cannot keep up, and prints latencies and answers. " +
			"It accepts only loopback addresses. Ctrl-C ends the run early and prints the summary.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), c.OutOrStdout(), os.Stderr) },
	}
	o := &f.options
	c.Flags().StringVar(&o.URL, "url", "http://127.0.0.1:8080", "base URL of the API")
	c.Flags().Float64Var(&o.Rate, "rate", 20, "users a second")
	c.Flags().DurationVar(&o.Duration, "duration", time.Minute, "time during which users arrive")
	c.Flags().BoolVar(&o.Poisson, "poisson", false, "make users arrive at random (Poisson) instead of at equal intervals")
	c.Flags().DurationVar(&o.Timeout, "timeout", time.Minute, "maximum time for one user, including retries")
	c.Flags().DurationVar(&o.Grace, "grace", 10*time.Second, "time to finish running registrations after Ctrl-C")
	c.Flags().StringVar(&f.outbox, "outbox", "", "URL of dev's outbox to read the codes from, such as http://127.0.0.1:8080/outbox.json; empty: no codes are entered")
	c.Flags().StringVar(&f.json, "json", "", "file to write the summary to as JSON")
	c.AddCommand(overloadCommand())
	return c
}

func (f *flags) run(ctx context.Context, stdout io.Writer, stderr *os.File) error {
	o := f.options
	o.Person = newUsers()
	if f.outbox != "" {
		if err := loop.CheckLoopback(ctx, f.outbox); err != nil {
			return fmt.Errorf("--outbox: %w", err)
		}
		o.Code = newOutbox(f.outbox).code
	}
	if isTerminal(stderr) {
		o.Progress = func(p loop.Progress) { fmt.Fprintln(stderr, p) }
	}
	report, err := loop.Run(ctx, o)
	if err != nil {
		return err
	}
	summary := report.Summary()
	_, err = fmt.Fprint(stdout, summary)
	return errors.Join(err, writeJSON(f.json, summary))
}

// writeJSON writes a summary to a file. If path is empty, it does nothing.
func writeJSON(path string, summary any) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
