package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/timeline"
	"registrar/internal/wiring"
	"registrar/workflows"
)

func findCommand() *cobra.Command {
	var (
		email, id string
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "find --email ADDRESS|- | --id ID",
		Short: "Find a user's registrations and accounts",
		Long: "Find the registrations and the account for an email address or a registration. With --email - the command reads\n" +
			"the address from standard input, so that the shell's history does not contain it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "-" {
				var err error
				if email, err = readLine(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			return withLookup(cmd.Context(), func(ctx context.Context, l timeline.Lookup) error {
				f, err := find(ctx, l, email, id)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), f)
				}
				return printFindings(cmd.OutOrStdout(), f)
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "email address; - reads it from standard input")
	cmd.Flags().StringVar(&id, "id", "", "registration id or workflow id")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsOneRequired("email", "id")
	cmd.MarkFlagsMutuallyExclusive("email", "id")
	return cmd
}

func find(ctx context.Context, l timeline.Lookup, email, id string) (timeline.Findings, error) {
	if id != "" {
		return l.FindByID(ctx, id)
	}
	return l.FindByEmail(ctx, email)
}

func withLookup(ctx context.Context, ask func(context.Context, timeline.Lookup) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	return wiring.WithLookup(ctx, c, wiring.Logger(c.Log, os.Stderr), ask)
}

// readLine reads the first line, of at most 4 KiB. An address has at most 254 bytes, and other values are shorter.
func readLine(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, 4<<10))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	line, _, _ := strings.Cut(strings.TrimLeft(string(text), "\r\n"), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("standard input is empty")
	}
	return line, nil
}

func printFindings(w io.Writer, f timeline.Findings) error {
	table := newTable(w, "REGISTRATION", "STATUS", "REASON", "WORKFLOW", "STARTED (UTC)", "CLOSED (UTC)")
	for _, r := range f.Registrations {
		table.row(r.RegistrationID, string(status(r)), string(r.Reason), r.WorkflowStatus, formatTime(r.Started), formatTime(r.Closed))
	}
	if err := table.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, accounts(f))
	return err
}

// status is the status of a registration. A completed workflow with the search attribute "accepted" is an active account
// (docs/decisions/0004).
func status(r engine.Found) workflows.RegistrationStatus {
	if r.Status == workflows.StatusAccepted && r.WorkflowStatus == "Completed" {
		return workflows.StatusActive
	}
	return cmp.Or(r.LiveStatus, r.Status)
}

func accounts(f timeline.Findings) string {
	if !f.AccountsKnown {
		return "account: the database did not answer"
	}
	if len(f.Accounts) == 0 {
		return "account: none"
	}
	lines := make([]string, len(f.Accounts))
	for i, a := range f.Accounts {
		lines[i] = fmt.Sprintf("account: user %s, %s, of registration %s, stored %s, verified %s, email verified %s",
			a.UserID, a.Status, a.RegistrationID, formatTime(a.CreatedAt), formatTime(a.VerifiedAt), formatTime(a.EmailVerifiedAt))
		if !a.EmailReleasedAt.IsZero() {
			lines[i] += ", email lost " + formatTime(a.EmailReleasedAt)
		}
		if a.TermsVersion != "" {
			lines[i] += fmt.Sprintf(", terms %s accepted %s", a.TermsVersion, formatTime(a.TermsAcceptedAt))
		}
	}
	return strings.Join(lines, "\n")
}
