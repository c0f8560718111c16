// Command registrar is the production binary: the web servers, the workers and what operators need around them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run())
}

// run runs the command until it ends or a signal ends it, and returns the exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(os.Stderr, "registrar:", strings.TrimSuffix(line, "\n"))
	}
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "registrar",
		Short:         "User registration as a durable workflow",
		Long:          "User registration as a durable workflow. Configured by environment variables: docs/configuration.md.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          help,
	}
	cmd.AddCommand(apiCommand(), workerCommand(), migrateCommand(), codecCommand(), healthcheckCommand(), providerCommand(), suppressionCommand(), keysCommand(), templateCommand(),
		timelineCommand(), findCommand(), campaignCommand(), versionCommand())
	return cmd
}

// help is what a command does that only has others below it. Without it, cobra takes a mistyped one for a success.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
