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
	cmd := &cobra.Command{Use: "keys", Short: "Make key material", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(&cobra.Command{
		Use:   "new",
		Short: "Print new keysets as lines of an environment file",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			prf, err := secret.GeneratePRF()
			if err != nil {
				return fmt.Errorf("make the PRF keyset: %w", err)
			}
			aead, err := secret.GenerateAEAD()
			if err != nil {
				return fmt.Errorf("make the payload keyset: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "PRF_KEYSET=%s\nPAYLOAD_KEYSET=%s\n", prf, aead)
			return err
		},
	})
	cmd.AddCommand(
		keysFilter("add", "Add a key to each keyset in the environment file on standard input; it decrypts, and is not used yet", secret.AddKey),
		keysFilter("promote", "Make the newest key of each keyset in the environment file on standard input the one that is used", secret.Promote),
	)
	return cmd
}

// keysFilter is a command that changes the keysets in the lines of an environment file and leaves the others as they are.
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
				return errors.New("no line on standard input begins with PRF_KEYSET= or PAYLOAD_KEYSET=, as in the output of registrar keys new")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(lines, "\n"))
			return err
		},
	}
}
