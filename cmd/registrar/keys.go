package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"registrar/internal/secret"
)

// version is set by the release build; a build from source tells its revision instead.
var version = "dev"

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			revision, goVersion := "unknown revision", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				goVersion = info.GoVersion
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "registrar %s (%s, %s)\n", version, revision, goVersion)
		},
	}
}

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Make key material", Args: cobra.NoArgs}
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
	return cmd
}
