package main

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"registrar/internal/wiring"
)

// version is set by the release build. Other builds are identified by their revision.
var version = "dev"

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			revision := cmp.Or(wiring.Revision(), "unknown revision")
			fmt.Fprintf(cmd.OutOrStdout(), "registrar %s (%s, %s)\n", version, revision, runtime.Version())
		},
	}
}
