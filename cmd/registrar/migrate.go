package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/service"
	"registrar/internal/store"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the user database and Temporal's search attributes up to date",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	var skipTemporal bool
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply all missing migrations and add missing search attributes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return s.Migrate(ctx) })
			if err != nil || skipTemporal {
				return err
			}
			return service.AddSearchAttributes(cmd.Context())
		},
	}
	up.Flags().BoolVar(&skipTemporal, "skip-temporal", false, "leave Temporal's search attributes alone")
	down := &cobra.Command{
		Use:   "down",
		Short: "Take back the last migration, and its data",
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
	cmd.AddCommand(up, down, status)
	return cmd
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

func withStore(ctx context.Context, do func(context.Context, *store.Store) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	if err := c.Need("DATABASE_DSN"); err != nil {
		return err
	}
	s, err := service.OpenStore(c.Database, service.Logger(c.Log, os.Stderr))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // nothing is left to lose
	return do(ctx, s)
}

func applied(m store.Migration) string {
	if m.AppliedAt.IsZero() {
		return "missing"
	}
	return "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
}
