package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"registrar/internal/engine"
	"registrar/internal/service"
	"registrar/internal/timeline"
	"registrar/workflows"
)

// clock is how tables tell times, in UTC.
const clock = "2006-01-02 15:04:05.000"

func printTimeline(w io.Writer, t timeline.Timeline) error {
	fmt.Fprintf(w, "registration %s, %s\n", t.RegistrationID, userOf(t))
	for _, note := range notes(t) {
		fmt.Fprintln(w, "note:", note)
	}
	table := newTable(w, "UTC", "EVENT", "STEP", "TRY", "BY", "WHAT")
	runs := map[string]bool{}
	for _, e := range t.Entries {
		if e.RunID != "" && !runs[e.RunID] {
			runs[e.RunID] = true
			table.row("", "", "", "", "", "run "+e.RunID)
		}
		try := ""
		if e.Attempt > 0 {
			try = strconv.Itoa(e.Attempt)
		}
		table.row(e.At.UTC().Format(clock), words(e.Event), e.Step, try, e.By, what(e))
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
		return "user not known"
	}
}

// notes say what the timeline lacks.
func notes(t timeline.Timeline) []string {
	var all []string
	if !t.WorkflowRetained {
		all = append(all, "Temporal has forgotten the workflow; this is the database's part")
	}
	if !t.LedgerAvailable {
		all = append(all, fmt.Sprintf("the database did not answer; this is the workflow's part (%v)", t.LedgerError))
	}
	if t.Truncated {
		all = append(all, "there is more than is shown")
	}
	return all
}

func words(e timeline.Event) string { return strings.ReplaceAll(string(e), "_", " ") }

// what puts the rest of an entry in one phrase.
func what(e timeline.Entry) string {
	var parts []string
	for _, part := range []string{e.Reason, strings.TrimSpace(e.Provider + " " + cmp.Or(e.Code, e.MessageID)), e.Detail} {
		if part != "" && !strings.Contains(strings.Join(parts, " "), part) {
			parts = append(parts, part)
		}
	}
	if !e.Until.IsZero() {
		parts = append(parts, "until "+e.Until.UTC().Format(clock))
	}
	return strings.Join(parts, ", ")
}

func printFindings(w io.Writer, f service.Findings) error {
	table := newTable(w, "REGISTRATION", "STATUS", "REASON", "WORKFLOW", "STARTED (UTC)", "CLOSED (UTC)")
	for _, r := range f.Registrations {
		table.row(r.RegistrationID, string(status(r)), string(r.Reason), r.WorkflowStatus, moment(r.Started), moment(r.Closed))
	}
	if err := table.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, account(f))
	return err
}

// status is where a registration stands. One that ended as accepted is an active account (docs/decisions/0004).
func status(r engine.Found) workflows.RegistrationStatus {
	if r.Status == workflows.StatusAccepted && r.WorkflowStatus == "Completed" {
		return workflows.StatusActive
	}
	return cmp.Or(r.LiveStatus, r.Status)
}

func account(f service.Findings) string {
	a := f.Account
	switch {
	case !f.AccountKnown:
		return "account: the database did not answer"
	case a == nil:
		return "account: none"
	default:
		return fmt.Sprintf("account: user %s, %s, of registration %s, stored %s, verified %s", a.UserID, a.Status, a.RegistrationID,
			moment(a.CreatedAt), moment(a.VerifiedAt))
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(clock)
}

// table is text in columns. What people wrote as reasons cannot steer the terminal.
type table struct {
	to      io.Writer
	text    *bytes.Buffer
	columns *tabwriter.Writer
}

func newTable(w io.Writer, titles ...string) table {
	text := new(bytes.Buffer)
	t := table{w, text, tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)}
	t.row(titles...)
	return t
}

func (t table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Map(printable, cell)
	}
	fmt.Fprintln(t.columns, strings.Join(cells, "\t"))
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return ' '
	}
	return r
}

// flush prints the table, without blanks at the ends of lines.
func (t table) flush() error {
	if err := t.columns.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(t.text.String()) {
		if _, err := fmt.Fprintln(t.to, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
