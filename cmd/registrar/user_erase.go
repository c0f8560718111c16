package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/export"
	"registrar/internal/store"
	"registrar/internal/user"
	"registrar/internal/wiring"
)

func userExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export ID",
		Short: "Print everything that is kept of a user as JSON",
		Long: "Print everything that is kept of a user as JSON, by its id or the id of its registration: the user, its messages, events and\n" +
			"suppressions, the audit trail, and the state of the registration. The output has personal data. registrar user find finds\n" +
			"the id for an address.",
		Args: oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			read := func(ctx context.Context, s *store.Store, exports export.Reader) error {
				found, err := exportUser(ctx, s, exports, args[0])
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), found)
			}
			return wiring.WithExports(cmd.Context(), c, wiring.Logger(c.Log, os.Stderr), read)
		},
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

func userEraseCommand() *cobra.Command {
	var confirmed bool
	cmd := &cobra.Command{
		Use:   "erase ID --yes",
		Short: "Delete everything that is kept of a user",
		Long: "Delete everything that is kept of a user, by its id or the id of its registration. It cannot be undone. A registration that is\n" +
			"running is cancelled first. A receipt without personal data stays.",
		Args: oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !confirmed {
				return errors.New("an erasure cannot be undone: repeat the command with --yes")
			}
			return withChanges(cmd, func(ctx context.Context, c config.Config, changes api.Changes) error {
				said, err := eraseUser(ctx, c, changes, args[0])
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), said)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&confirmed, "yes", false, "confirm that the user is deleted for good")
	return cmd
}

// eraseUser erases a user, and returns a line that says how it ended.
func eraseUser(ctx context.Context, c config.Config, changes api.Changes, id string) (string, error) {
	in := api.ErasureInput(id, commandActor(), c.Policy())
	in.At = time.Now().UTC()
	out, err := changes.Change(ctx, in)
	switch {
	case errors.Is(err, engine.ErrUnconfirmed):
		return fmt.Sprintf("the erasure of %s is accepted, and will be completed (receipt %s)", id, in.ChangeID), nil
	case err != nil:
		return "", err
	case out.Outcome == user.ChangeNotFound:
		return "", fmt.Errorf("nothing is kept of a user or registration %s", id)
	}
	return fmt.Sprintf("%s is erased (receipt %s)", id, in.ChangeID), nil
}
