package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/store"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List what operators did with users",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(auditListCommand())
	return cmd
}

func auditListCommand() *cobra.Command {
	var (
		filter audit.Filter
		since  string
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list [--user ID] [--actor NAME] [--since TIME]",
		Short: "List who read and changed users, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if filter.UserID != "" && uuid.Validate(filter.UserID) != nil {
				return fmt.Errorf("--user: the value is not an id (a UUID)")
			}
			if limit < 1 {
				return fmt.Errorf("--limit: %d must be above 0", limit)
			}
			if filter.Since, err = parseTime("since", since, time.Now()); err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				entries, err := s.Audit(ctx, filter, audit.Cursor{}, limit)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), auditBodies(entries))
				}
				return printAudit(cmd.OutOrStdout(), entries)
			})
		},
	}
	cmd.Flags().StringVar(&filter.UserID, "user", "", "only entries about this user")
	cmd.Flags().StringVar(&filter.Actor, "actor", "", "only entries of this actor: the name of a token, or cli:NAME")
	cmd.Flags().StringVar(&since, "since", "", "only entries from this time on, such as 2026-12-01T09:00:00Z, or of the last 24h")
	cmd.Flags().IntVar(&limit, "limit", 100, "maximum number of entries")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// parseTime reads the value of a flag: a time in RFC 3339 or a duration before now; empty is the zero time.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--%s: %q is not a time such as 2026-12-01T09:00:00Z or a duration such as 24h", flag, text)
	}
	return at, nil
}

func auditBodies(entries []audit.Entry) []openapi.AuditEntry {
	bodies := make([]openapi.AuditEntry, len(entries))
	for i, e := range entries {
		bodies[i] = api.AuditBody(e)
	}
	return bodies
}

func printAudit(w io.Writer, entries []audit.Entry) error {
	table := newTable(w, "TIME (UTC)", "ACTOR", "ACTION", "USER", "FIELDS", "USERS FOUND")
	for _, e := range entries {
		users := ""
		if e.Detail.Users != nil {
			users = strconv.Itoa(*e.Detail.Users)
		}
		table.row(formatTime(e.At), e.Actor, string(e.Action), e.UserID, strings.Join(e.Detail.Fields, ", "), users)
	}
	return table.flush()
}
