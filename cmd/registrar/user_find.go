package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/store"
	"registrar/internal/user"
)

// maxFound bounds the users that a search prints.
const maxFound = 100

func userFindCommand() *cobra.Command {
	var (
		search userSearch
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "find --email ADDRESS|- | --mobile NUMBER|- | --username NAME|- | ID",
		Short: "Find users by email address, mobile number, username or id",
		Long: "Find users by email address, mobile number, username, or the id of the user or of its registration. With - the command\n" +
			"reads the value from standard input, so that the shell's history does not contain it. The output has personal data.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return oneUser(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				search.id = args[0]
			}
			filter, err := search.filter(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				found, err := findUsers(ctx, s, search.id, filter)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), userBodies(found))
				}
				return printUsers(cmd.OutOrStdout(), found)
			})
		},
	}
	cmd.Flags().StringVar(&search.email, "email", "", "email address, in upper or lower case")
	cmd.Flags().StringVar(&search.mobile, "mobile", "", "mobile number; without a country code, of DEFAULT_REGION")
	cmd.Flags().StringVar(&search.username, "username", "", "username, in upper or lower case")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("email", "mobile", "username")
	return cmd
}

// userSearch is what an operator typed.
type userSearch struct{ id, email, mobile, username string }

// filter checks the search. Its errors do not contain what was typed.
func (s userSearch) filter(stdin io.Reader) (f user.Filter, err error) {
	typed := 0
	for _, value := range []*string{&s.id, &s.email, &s.mobile, &s.username} {
		if *value == "-" {
			if *value, err = readLine(stdin); err != nil {
				return f, err
			}
		}
		if *value != "" {
			typed++
		}
	}
	switch {
	case typed != 1:
		return f, errors.New("give an id, or one of --email, --mobile and --username")
	case s.email != "":
		f.EmailCanonical, err = canonical(s.email)
		return f, err
	case s.mobile != "":
		f.Mobile, err = parseMobile(s.mobile)
		return f, err
	default:
		f.Username = s.username
		return f, nil
	}
}

func parseMobile(typed string) (string, error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return "", err
	}
	number, err := user.ParseMobile(typed, c.Registration.DefaultRegion)
	if err != nil {
		return "", fmt.Errorf("the number %w", err)
	}
	return number, nil
}

// findUsers finds a user by an id, or the users that the filter selects, and records it.
func findUsers(ctx context.Context, s userStore, id string, f user.Filter) ([]user.Record, error) {
	if id != "" {
		u, err := readUser(ctx, s, id)
		return []user.Record{u}, err
	}
	found, err := s.FindUsers(ctx, f, "", maxFound)
	if err != nil {
		return nil, err
	}
	n := len(found)
	return found, s.RecordAudit(ctx, audit.Entry{
		At: time.Now(), Actor: commandActor(), Action: audit.UserSearched, Detail: audit.Detail{Fields: f.Fields(), Users: &n},
	})
}

func userBodies(found []user.Record) []openapi.User {
	bodies := make([]openapi.User, len(found))
	for i, u := range found {
		bodies[i] = api.UserBody(u)
	}
	return bodies
}

func printUsers(w io.Writer, found []user.Record) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no user")
		return err
	}
	table := newTable(w, "USER", "STATUS", "NAME", "EMAIL", "EMAIL VERIFIED (UTC)", "MOBILE", "STORED (UTC)")
	for _, u := range found {
		table.row(u.ID, string(u.Status), u.FirstName+" "+u.LastName, u.Email, formatTime(u.EmailVerifiedAt), u.Mobile, formatTime(u.CreatedAt))
	}
	return table.flush()
}
