package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/wiring"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the user database and add Temporal's search attributes",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Revert the last migration and delete its data",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return s.Down(ctx) })
		},
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "List the migrations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return printStatus(ctx, cmd, s) })
		},
	}
	cmd.AddCommand(migrateUpCommand(), down, status)
	return cmd
}

func migrateUpCommand() *cobra.Command {
	var (
		skipTemporal bool
		wait         time.Duration
	)
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Apply all missing migrations and add missing search attributes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				return retryUntilReady(ctx, wait, "the user database", s.Migrate)
			})
			if err != nil || skipTemporal {
				return err
			}
			return retryUntilReady(cmd.Context(), wait, "Temporal", wiring.AddSearchAttributes)
		},
	}
	cmd.Flags().BoolVar(&skipTemporal, "skip-temporal", false, "do not add search attributes to Temporal")
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to retry while the database or Temporal is unavailable")
	return cmd
}

// retryUntilReady calls do until it succeeds, for at most wait; once if wait is 0.
func retryUntilReady(ctx context.Context, wait time.Duration, what string, do func(context.Context) error) error {
	if wait <= 0 {
		return do(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return wiring.Await(ctx, slog.Default(), what, do)
}

func printStatus(ctx context.Context, cmd *cobra.Command, s *store.Store) error {
	migrations, err := s.Status(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, m := range migrations {
		fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, m.Name, applied(m))
	}
	return table.Flush()
}

// withStore calls do with a store that records no events.
func withStore(ctx context.Context, do func(context.Context, *store.Store) error) error {
	return withRecordingStore(ctx, func(config.Config) (event.Recording, error) { return event.Recording{}, nil }, do)
}

func withRecordingStore(ctx context.Context, recording func(config.Config) (event.Recording, error), do func(context.Context, *store.Store) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	if err := c.Require("DATABASE_DSN"); err != nil {
		return err
	}
	slog.SetDefault(wiring.Logger(c.Log, os.Stderr))
	events, err := recording(c)
	if err != nil {
		return err
	}
	s, err := wiring.OpenStore(c.Database, events, slog.Default())
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // do has finished, so an error loses nothing
	return do(ctx, s)
}

func applied(m store.Migration) string {
	if m.AppliedAt.IsZero() {
		return "missing"
	}
	return "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
}
