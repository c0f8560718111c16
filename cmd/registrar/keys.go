package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"registrar/internal/secret"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Create and rotate keys", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(&cobra.Command{
		Use:   "new",
		Short: "Print new keysets in the format of an environment file",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			prf, err := secret.GeneratePRF()
			if err != nil {
				return fmt.Errorf("create the PRF keyset: %w", err)
			}
			aead, err := secret.GenerateAEAD()
			if err != nil {
				return fmt.Errorf("create the payload keyset: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "PRF_KEYSET=%s\nPAYLOAD_KEYSET=%s\n", prf, aead)
			return err
		},
	})
	cmd.AddCommand(
		keysFilter("add", "Add a key, for decryption only, to each keyset in the environment file on standard input", secret.AddKey),
		keysFilter("promote", "Make the newest key the primary key of each keyset in the environment file on standard input", secret.Promote),
	)
	return cmd
}

// keysFilter returns a command that changes the keysets in an environment file and copies all other lines.
func keysFilter(name, short string, change func(string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
			if err != nil {
				return fmt.Errorf("read the keysets: %w", err)
			}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			var changed []string
			for i, line := range lines {
				name, value, _ := strings.Cut(line, "=")
				variable := strings.TrimSpace(strings.TrimPrefix(name, "export "))
				if variable != "PRF_KEYSET" && variable != "PAYLOAD_KEYSET" {
					continue
				}
				if value, err = change(strings.TrimSpace(value)); err != nil {
					return fmt.Errorf("%s: %w", variable, err)
				}
				lines[i] = name + "=" + value
				changed = append(changed, variable)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", cmd.Name(), cmp.Or(strings.Join(changed, ", "), "nothing"))
			if len(changed) == 0 {
				return errors.New("no line on standard input begins with PRF_KEYSET= or PAYLOAD_KEYSET= (the format of registrar keys new)")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(lines, "\n"))
			return err
		},
	}
}
