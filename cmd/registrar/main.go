// Command registrar is the production binary: the API server, the workers and the operators' commands.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"registrar/internal/hashprocess"
)

func main() {
	hashprocess.Main()
	os.Exit(run())
}

// run runs the command until it returns or a signal arrives, and returns the exit code.
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
		Long:          "User registration as a durable workflow. Environment variables configure it (docs/configuration.md).",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          help,
	}
	cmd.AddCommand(apiCommand(), workerCommand(), migrateCommand(), codecCommand(), healthcheckCommand(), providerCommand(), suppressionCommand(), keysCommand(), hashCommand(), templateCommand(),
		timelineCommand(), findCommand(), userCommand(), auditCommand(), eventsCommand(), campaignCommand(), importCommand(), exportCommand(),
		versionCommand())
	return cmd
}

// help runs a command that only has subcommands. Without it, cobra exits with 0 for a mistyped subcommand.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
