package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/wiring"
)

func providerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provider",
		Short: "Pause and unpause providers of email and SMS",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the providers and their pauses",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			named := slices.Concat(c.Email.EmailProviders, c.SMS.SMSProviders)
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				return listProviders(ctx, cmd, s, named)
			})
		},
	}
	cmd.AddCommand(list, pauseCommand(), unpauseCommand())
	return cmd
}

func pauseCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "pause PROVIDER",
		Short: "Send nothing through a provider until unpause",
		Long: "Send nothing through a provider until unpause. Messages go through the channel's other providers. " +
			"Without another provider, each message is retried until its budget is used up. Then its step parks and can be retried.",
		Args: oneProvider,
		RunE: func(cmd *cobra.Command, args []string) error {
			order := message.Pause{Provider: args[0], Reason: reason, Since: time.Now().UTC()}
			err := withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return s.Pause(ctx, order) })
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is paused; within %s nothing more is sent through it\n", args[0], delivery.PauseDelay)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "reason for other operators, without personal data")
	return cmd
}

func unpauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unpause PROVIDER",
		Short: "Send through a provider again",
		Args:  oneProvider,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				was, err := s.Unpause(ctx, args[0])
				switch {
				case err != nil:
					return err
				case !was:
					fmt.Fprintf(cmd.OutOrStdout(), "%s was not paused\n", args[0])
				default:
					fmt.Fprintf(cmd.OutOrStdout(), "%s is no longer paused; within %s it is used again\n", args[0], delivery.PauseDelay)
				}
				return nil
			})
		},
	}
}

func oneProvider(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	if !slices.Contains(wiring.ProviderNames, args[0]) {
		return fmt.Errorf("unknown provider %q (known: %s)", args[0], strings.Join(wiring.ProviderNames, ", "))
	}
	return nil
}

func listProviders(ctx context.Context, cmd *cobra.Command, s *store.Store, named []string) error {
	pauses, err := s.Pauses(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, name := range wiring.ProviderNames {
		state := "not in use"
		if slices.Contains(named, name) {
			state = "in use"
		}
		if at := slices.IndexFunc(pauses, func(p message.Pause) bool { return p.Provider == name }); at >= 0 {
			state = fmt.Sprintf("paused since %s: %s", pauses[at].Since.UTC().Format(time.RFC3339), cmp.Or(pauses[at].Reason, "no reason given"))
		}
		fmt.Fprintf(table, "%s\t%s\n", name, state)
	}
	return table.Flush()
}
