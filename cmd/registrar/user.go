package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/store"
	"registrar/internal/user"
)

func userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Find, show, export, block and erase users",
		Long:  "Find, show, export, block and erase users. Each command is recorded in the audit trail (registrar audit list).",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(userFindCommand(), userShowCommand(), userExportCommand(), userEraseCommand(),
		userChangeCommand(user.ChangeBlock, "Block an active user",
			"Block an active user. It keeps its data, its email address and its username, and gets no campaigns."),
		userChangeCommand(user.ChangeUnblock, "Make a blocked user active again", ""))
	return cmd
}

// userStore is the part of the store that the commands need.
type userStore interface {
	api.Users
	AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error)
}

var _ userStore = (*store.Store)(nil)

func userShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a user by its id or the id of its registration",
		Long:  "Show a user by its id or the id of its registration. The output has personal data.",
		Args:  oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				u, err := readUser(ctx, s, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), api.UserBody(u))
				}
				return printUser(cmd.OutOrStdout(), u)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// oneUser requires one argument, an id. The id may be personal data if it was mistyped, so the error does not repeat it.
func oneUser(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args[0]) != 36 || uuid.Validate(args[0]) != nil {
		return fmt.Errorf("the argument is not an id (a UUID); registrar user find finds it")
	}
	return nil
}

// readUser reads a user by its id or that of its registration, and records it.
func readUser(ctx context.Context, s userStore, id string) (user.Record, error) {
	u, found, err := s.User(ctx, id)
	if err == nil && !found {
		var account user.Account
		if account, found, err = s.AccountOf(ctx, id); err == nil && found {
			u, found, err = s.User(ctx, account.UserID)
		}
	}
	if err != nil {
		return user.Record{}, err
	}
	if !found {
		return user.Record{}, fmt.Errorf("there is no user %s, and no user of a registration with this id", id)
	}
	return u, s.RecordAudit(ctx, audit.Entry{At: time.Now(), Actor: commandActor(), Action: audit.UserRead, UserID: u.ID})
}

func printUser(w io.Writer, u user.Record) error {
	table := newTable(w, "user", u.ID)
	for _, each := range []struct{ name, value string }{
		{"registration", u.RegistrationID},
		{"status", string(u.Status)},
		{"blocked", timeOrNothing(u.BlockedAt)},
		{"first name", u.FirstName},
		{"last name", u.LastName},
		{"username", u.Username},
		{"email", u.Email},
		{"email verified", timeOrNothing(u.EmailVerifiedAt)},
		{"email lost", timeOrNothing(u.EmailReleasedAt)},
		{"mobile", u.Mobile},
		{"mobile verified", timeOrNothing(u.MobileVerifiedAt)},
		{"locale", u.Locale},
		{"consent", consentOf(u)},
		{"terms", termsOf(u)},
		{"attributes", u.Attributes},
		{"requested", timeOrNothing(u.RequestedAt)},
		{"stored", timeOrNothing(u.CreatedAt)},
		{"verified", timeOrNothing(u.VerifiedAt)},
		{"changed", timeOrNothing(u.UpdatedAt)},
	} {
		if each.value != "" {
			table.row(each.name, each.value)
		}
	}
	return table.flush()
}

func timeOrNothing(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return formatTime(t) + " UTC"
}

func consentOf(u user.Record) string {
	given := "no"
	if u.MarketingConsent {
		given = "yes"
	}
	if u.ConsentAt.IsZero() {
		return given
	}
	return fmt.Sprintf("%s, since %s by %s", given, timeOrNothing(u.ConsentAt), u.ConsentSource)
}

func termsOf(u user.Record) string {
	if u.TermsVersion == "" {
		return ""
	}
	return fmt.Sprintf("%s, accepted %s", u.TermsVersion, timeOrNothing(u.TermsAcceptedAt))
}
