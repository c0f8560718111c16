package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

func suppressionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppression",
		Short: "List and change the suppressed addresses",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(listSuppressionsCommand(), suppressCommand(), unsuppressCommand())
	return cmd
}

func listSuppressionsCommand() *cobra.Command {
	limit := 100
	cmd := &cobra.Command{
		Use:   "list [ADDRESS]",
		Short: "List the suppressed addresses, the newest first, or the reasons for one",
		Long:  "List the suppressed addresses, the newest first, or the reasons for one. The output has personal data.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return listReasons(cmd, args[0])
			}
			if limit < 1 {
				return fmt.Errorf("--limit: %d must be above 0", limit)
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				listed, err := s.Suppressions(ctx, limit)
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
	cmd.Flags().IntVar(&limit, "limit", limit, "maximum number of addresses")
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

// operator is the source of suppressions that an operator added.
const operator = "operator"

// suppressionReasons are the reasons that an operator may give.
var suppressionReasons = []string{string(message.Bounced), string(message.Complained), string(message.Unsubscribed)}

func suppressCommand() *cobra.Command {
	reason := string(message.Unsubscribed)
	cmd := &cobra.Command{
		Use:   "add ADDRESS",
		Short: "Suppress an address",
		Long: "Suppress an address. It gets no campaigns and, with the reason bounced or complained, no welcome email. The reasons\n" +
			"complained and unsubscribed also withdraw the consent of its users, and announce that to the endpoints of EVENTS_URL or\n" +
			"EVENTS_FILE. Codes are still sent.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(suppressionReasons, reason) {
				return fmt.Errorf("--reason: %q is not a reason (known: %s)", reason, strings.Join(suppressionReasons, ", "))
			}
			address, err := canonical(args[0])
			if err != nil {
				return err
			}
			one := message.Suppression{
				Address: address, Reason: message.SuppressionReason(reason), Source: operator, Since: time.Now().UTC(),
			}
			err = withRecordingStore(cmd.Context(), config.Config.Recording, func(ctx context.Context, s *store.Store) error { return s.Suppress(ctx, one) })
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "the address is suppressed (%s)\n", reason)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", reason, "reason: "+strings.Join(suppressionReasons, ", "))
	return cmd
}

func unsuppressCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove ADDRESS",
		Short: "Remove all suppressions of an address",
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
					fmt.Fprintln(cmd.OutOrStdout(), "the address is no longer suppressed. Mailgun's own lists are unchanged: it refuses the "+
						"address until you remove it from its bounces, complaints or unsubscribes, and each refusal suppresses the "+
						"address again. A withdrawn consent stays withdrawn until the user gives it again.")
				}
				return nil
			})
		},
	}
}

// canonical returns the canonical form of an address, as in the suppression list. Its error does not contain the input.
func canonical(typed string) (string, error) {
	_, address, err := user.ParseEmail(typed)
	if err != nil {
		return "", fmt.Errorf("the address %w", err)
	}
	return address, nil
}
