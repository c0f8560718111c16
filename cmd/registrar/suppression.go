package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

func suppressionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppression",
		Short: "See and change which addresses are not written to",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(listSuppressionsCommand(), suppressCommand(), unsuppressCommand())
	return cmd
}

func listSuppressionsCommand() *cobra.Command {
	most := 100
	cmd := &cobra.Command{
		Use:   "list [ADDRESS]",
		Short: "List the suppressed addresses, the newest first, or the reasons for one",
		Long:  "List the suppressed addresses, the newest first, or the reasons for one. It prints personal data.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return listReasons(cmd, args[0])
			}
			if most < 1 {
				return fmt.Errorf("--limit: %d is not above 0", most)
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				listed, err := s.Suppressions(ctx, most)
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, one := range listed {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Since.Format(time.RFC3339), one.Reason, one.Source, one.Address)
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().IntVar(&most, "limit", most, "addresses at most")
	return cmd
}

func listReasons(cmd *cobra.Command, typed string) error {
	address, err := canonical(typed)
	if err != nil {
		return err
	}
	return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
		reasons, err := s.Suppressed(ctx, address)
		if err == nil && len(reasons) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "the address is not suppressed")
		}
		for _, reason := range reasons {
			fmt.Fprintln(cmd.OutOrStdout(), reason)
		}
		return err
	})
}

// operator is the source of what was put on the list by hand.
const operator = "operator"

// suppressionReasons are what an operator may give.
var suppressionReasons = []string{string(message.Bounced), string(message.Complained), string(message.Unsubscribed)}

func suppressCommand() *cobra.Command {
	reason := string(message.Unsubscribed)
	cmd := &cobra.Command{
		Use:   "add ADDRESS",
		Short: "Put an address on the list",
		Long: "Put an address on the list. Campaigns leave it out; bounced and complained keep the welcome email from it as " +
			"well. complained and unsubscribed take the consent of the address's user back. Codes are sent all the same.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(suppressionReasons, reason) {
				return fmt.Errorf("--reason: %q is no reason (there are %s)", reason, strings.Join(suppressionReasons, ", "))
			}
			address, err := canonical(args[0])
			if err != nil {
				return err
			}
			one := message.Suppression{
				Address: address, Reason: message.SuppressionReason(reason), Source: operator, Since: time.Now().UTC(),
			}
			err = withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return s.Suppress(ctx, one) })
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "the address is suppressed (%s)\n", reason)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", reason, strings.Join(suppressionReasons, ", "))
	return cmd
}

func unsuppressCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove ADDRESS",
		Short: "Take an address off the list, whatever the reasons",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := canonical(args[0])
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				reasons, err := s.Unsuppress(ctx, address)
				switch {
				case err != nil:
					return err
				case reasons == 0:
					fmt.Fprintln(cmd.OutOrStdout(), "the address was not suppressed")
				default:
					fmt.Fprintln(cmd.OutOrStdout(), "the address is not suppressed any more. The provider's own list stays: Mailgun "+
						"goes on refusing an address until it is taken off its bounces, complaints or unsubscribes, and what it "+
						"refuses comes back here. A consent that was withdrawn stays so, until the person gives it again.")
				}
				return nil
			})
		},
	}
}

// canonical is the form in which the list has an address. Its error does not repeat what was typed.
func canonical(typed string) (string, error) {
	_, address, err := user.ParseEmail(typed)
	if err != nil {
		return "", fmt.Errorf("the address %w", err)
	}
	return address, nil
}
