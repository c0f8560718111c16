package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/user"
)

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
