package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/export"
	"registrar/internal/store"
	"registrar/internal/user"
	"registrar/internal/wiring"
)

func userExportCommand() *cobra.Command {
	var search userSearch
	cmd := &cobra.Command{
		Use:   "export ID | --email ADDRESS|-",
		Short: "Print everything that is kept of a user as JSON",
		Long: "Print everything that is kept of a user as JSON, by its id, the id of its registration, or its email address: the user, its\n" +
			"messages, events and suppressions, the audit trail, and the state of the registration. The output has personal data. With\n" +
			"--email - the command reads the address from standard input.",
		Args: func(cmd *cobra.Command, args []string) error {
			if search.email != "" && len(args) == 0 {
				return nil
			}
			if search.email != "" {
				return errors.New("give an id or --email, not both")
			}
			return oneUser(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			search.id = strings.Join(args, "")
			filter, err := search.filter(cmd.InOrStdin())
			if err != nil {
				return err
			}
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			read := func(ctx context.Context, s *store.Store, exports export.Reader) error {
				id, err := onlyUser(ctx, s, search.id, filter)
				if err != nil {
					return err
				}
				found, err := exportUser(ctx, s, exports, id)
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), found)
			}
			return wiring.WithExports(cmd.Context(), c, wiring.Logger(c.Log, os.Stderr), read)
		},
	}
	cmd.Flags().StringVar(&search.email, "email", "", "email address, in upper or lower case")
	return cmd
}

// onlyUser returns the id, or without one that of the only user that the filter selects.
func onlyUser(ctx context.Context, s userStore, id string, f user.Filter) (string, error) {
	if id != "" {
		return id, nil
	}
	found, err := findUsers(ctx, s, "", f)
	if err != nil {
		return "", err
	}
	ids := make([]string, len(found))
	for i, u := range found {
		ids[i] = u.ID
	}
	switch len(ids) {
	case 0:
		return "", errors.New("no user has the address")
	case 1:
		return ids[0], nil
	default:
		return "", fmt.Errorf("%d users have the address; export each by its id: %s", len(ids), strings.Join(ids, ", "))
	}
}

// exportUser reads what is kept of a user, and records it.
func exportUser(ctx context.Context, s api.Users, exports api.Exports, id string) (export.Export, error) {
	found, ok, err := exports.Read(ctx, id, func(u user.Record) any { return api.UserBody(u) })
	if err != nil {
		return export.Export{}, err
	}
	if !ok {
		return export.Export{}, fmt.Errorf("nothing is kept of a user or registration %s", id)
	}
	return found, s.RecordAudit(ctx, audit.Entry{At: time.Now(), Actor: commandActor(), Action: audit.UserExported, UserID: found.UserID})
}
