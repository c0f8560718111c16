package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/engine"
	domain "registrar/internal/user"
	"registrar/internal/wiring"
	"registrar/workflows"
)

func userChangeCommand(kind domain.ChangeKind, short, long string) *cobra.Command {
	return &cobra.Command{
		Use:   string(kind) + " ID",
		Short: short,
		Long:  long,
		Args:  oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withChanges(cmd, func(ctx context.Context, c config.Config, changes api.Changes) error {
				said, err := changeUser(ctx, c, changes, workflows.UserChangeInput{UserID: args[0], Kind: kind})
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), said)
				}
				return err
			})
		},
	}
}

func withChanges(cmd *cobra.Command, use func(context.Context, config.Config, api.Changes) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	return wiring.WithChanges(cmd.Context(), c, wiring.Logger(c.Log, os.Stderr), func(ctx context.Context, changes *engine.Changes) error {
		return use(ctx, c, changes)
	})
}

// changeUser makes a new change, and returns a line that says how it ended.
func changeUser(ctx context.Context, c config.Config, changes api.Changes, in workflows.UserChangeInput) (string, error) {
	policy := c.Policy()
	in.ChangeID, in.Actor, in.At = uuid.Must(uuid.NewV7()).String(), commandActor(), time.Now().UTC()
	in.Budgets, in.ParkingTime = policy.Budgets, policy.ParkingTime
	out, err := changes.Change(ctx, in)
	switch {
	case errors.Is(err, engine.ErrUnconfirmed):
		return fmt.Sprintf("%s of user %s is accepted, and will be made when the database answers (change %s)", in.Kind, in.UserID, in.ChangeID), nil
	case err != nil:
		return "", err
	case out.Outcome == domain.ChangeNotFound:
		return "", fmt.Errorf("there is no user %s", in.UserID)
	case out.Conflict == domain.CodeUserPending:
		return "", fmt.Errorf("user %s has not verified yet: erase it, or wait until its registration expires", in.UserID)
	case out.Outcome != domain.ChangeDone:
		return "", fmt.Errorf("%s of user %s has an unknown outcome: %s %s", in.Kind, in.UserID, out.Outcome, out.Conflict)
	}
	return fmt.Sprintf("%s of user %s is done (change %s)", in.Kind, in.UserID, in.ChangeID), nil
}

// commandActor is the actor of a command in the audit trail: cli: and the name of the operating system's user. Images without a list of
// users have only its number.
func commandActor() string {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	actor := []rune("cli:" + strings.ToValidUTF8(name, "?"))
	return string(actor[:min(len(actor), audit.MaxActor)])
}
