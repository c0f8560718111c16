package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"registrar/test/load/overload"
	"registrar/test/parts"
)

func overloadCommand() *cobra.Command {
	var (
		o            overload.Options
		outbox, file string
		pid          int
	)
	c := &cobra.Command{
		Use:   "overload",
		Short: "Finds the capacity of a service, offers multiples of it, and watches the recovery",
		Long: "Finds how many registrations a second go run ./dev or task cluster completes, with their codes, offers multiples of that at random times, and then " +
			"watches how long the service needs to recover. Refused users do not try again. It accepts only loopback addresses.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			codes, err := overload.ReadOutbox(c.Context(), outbox)
			if err != nil {
				return fmt.Errorf("--outbox-file: %w", err)
			}
			o.Person, o.Code = newUsers(), codes.Code
			o.Progress = func(line string) { fmt.Fprintln(os.Stderr, line) }
			if pid != 0 {
				o.Memory = func() (int64, error) {
					used, err := parts.UsageOf(pid)
					return used.Resident, err
				}
			}
			result, err := overload.Run(c.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), result)
			return writeJSON(file, result)
		},
	}
	c.Flags().StringVar(&o.URL, "url", "http://127.0.0.1:8080", "base URL of the API")
	c.Flags().StringVar(&outbox, "outbox-file", ".data/outbox.jsonl", "file with the sent messages, to read the codes from")
	c.Flags().IntVar(&pid, "pid", 0, "process of the service, to measure its memory; 0: none")
	c.Flags().IntVar(&o.Callers, "callers", 12, "parallel callers that find the capacity")
	c.Flags().DurationVar(&o.Search, "search", 30*time.Second, "time to find the capacity")
	c.Flags().Float64SliceVar(&o.Factors, "factors", []float64{1, 2, 5}, "multiples of the capacity")
	c.Flags().DurationVar(&o.Duration, "duration", 5*time.Minute, "time for each multiple")
	c.Flags().DurationVar(&o.Recovery, "recovery", 30*time.Second, "time to watch the recovery")
	c.Flags().StringVar(&file, "json", "", "file to write the figures to as JSON")
	return c
}
