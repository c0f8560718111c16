package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/service"
)

func timelineCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "timeline ID",
		Short: "Tell what happened to a registration",
		Long:  "Tell what happened to a registration, from Temporal and the user database. ID is its id or its workflow's.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withAudit(cmd.Context(), func(ctx context.Context, a *service.Audit) error {
				t, err := a.Timeline(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), t)
				}
				return printTimeline(cmd.OutOrStdout(), t)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func findCommand() *cobra.Command {
	var (
		email, id string
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "find --email ADDRESS|- | --id ID",
		Short: "Find a person's registrations and account",
		Long: "Find the registrations and the account of an address, or of a registration. With --email - the address is read\n" +
			"from standard input, so that it stays out of the shell's history.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "-" {
				var err error
				if email, err = readLine(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			return withAudit(cmd.Context(), func(ctx context.Context, a *service.Audit) error {
				f, err := find(ctx, a, email, id)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), f)
				}
				return printFindings(cmd.OutOrStdout(), f)
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "address to look for, - to read it from standard input")
	cmd.Flags().StringVar(&id, "id", "", "registration to look for, by its id or its workflow's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsOneRequired("email", "id")
	cmd.MarkFlagsMutuallyExclusive("email", "id")
	return cmd
}

func find(ctx context.Context, a *service.Audit, email, id string) (service.Findings, error) {
	if id != "" {
		return a.FindByID(ctx, id)
	}
	return a.FindByEmail(ctx, email)
}

func withAudit(ctx context.Context, ask func(context.Context, *service.Audit) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	return service.WithAudit(ctx, c, service.Logger(c.Log, os.Stderr), ask)
}

// readLine reads the first line. An address has at most 254 bytes.
func readLine(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, 4<<10))
	if err != nil {
		return "", fmt.Errorf("read the address: %w", err)
	}
	line, _, _ := strings.Cut(strings.TrimLeft(string(text), "\r\n"), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("standard input has no address")
	}
	return line, nil
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
