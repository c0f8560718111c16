package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/timeline"
)

func timelineCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "timeline ID",
		Short: "Print a registration's timeline",
		Long:  "Print a registration's events, from Temporal and the user database. ID is the registration's id or its workflow's.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLookup(cmd.Context(), func(ctx context.Context, l timeline.Lookup) error {
				t, err := l.Read(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), t)
				}
				return printTimeline(cmd.OutOrStdout(), t)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printTimeline(w io.Writer, t timeline.Timeline) error {
	fmt.Fprintf(w, "registration %s, %s\n", t.RegistrationID, t.User())
	for _, note := range t.Notes() {
		fmt.Fprintln(w, "note:", note)
	}
	table := newTable(w, "UTC", "EVENT", "STEP", "ATTEMPT", "BY", "WHAT")
	runs := map[string]bool{}
	for _, e := range t.Entries {
		if e.RunID != "" && !runs[e.RunID] {
			runs[e.RunID] = true
			table.row("", "", "", "", "", "run "+e.RunID)
		}
		attempt := ""
		if e.Attempt > 0 {
			attempt = strconv.Itoa(e.Attempt)
		}
		table.row(e.At.UTC().Format(timeFormat), e.Event.Words(), e.Step, attempt, e.By, what(e))
	}
	return table.flush()
}

// what joins the facts of an entry.
func what(e timeline.Entry) string {
	facts := e.Facts()
	if !e.Until.IsZero() {
		facts = append(facts, "until "+e.Until.UTC().Format(timeFormat))
	}
	return strings.Join(facts, ", ")
}
