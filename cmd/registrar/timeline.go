package main

import (
	"cmp"
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
	fmt.Fprintf(w, "registration %s, %s\n", t.RegistrationID, userOf(t))
	for _, note := range notes(t) {
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
		table.row(e.At.UTC().Format(timeFormat), words(e.Event), e.Step, attempt, e.By, what(e))
	}
	return table.flush()
}

func userOf(t timeline.Timeline) string {
	switch {
	case t.UserID != "":
		return fmt.Sprintf("user %s (%s)", t.UserID, t.UserStatus)
	case t.LedgerAvailable:
		return "no user"
	default:
		return "user unknown"
	}
}

// notes names the missing parts of the timeline.
func notes(t timeline.Timeline) []string {
	var all []string
	if !t.WorkflowRetained {
		all = append(all, "Temporal has deleted the workflow, so only the database's entries are shown")
	}
	if !t.LedgerAvailable {
		all = append(all, fmt.Sprintf("the database did not answer, so only the workflow's entries are shown (%v)", t.LedgerError))
	}
	if t.Truncated {
		all = append(all, "the timeline is truncated")
	}
	return all
}

func words(e timeline.Event) string { return strings.ReplaceAll(string(e), "_", " ") }

// what joins the other fields of an entry.
func what(e timeline.Entry) string {
	var parts []string
	for _, part := range []string{e.Reason, strings.TrimSpace(e.Provider + " " + cmp.Or(e.Code, e.MessageID)), e.Detail} {
		if part != "" && !strings.Contains(strings.Join(parts, " "), part) {
			parts = append(parts, part)
		}
	}
	if !e.Until.IsZero() {
		parts = append(parts, "until "+e.Until.UTC().Format(timeFormat))
	}
	return strings.Join(parts, ", ")
}
