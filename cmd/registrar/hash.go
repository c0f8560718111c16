package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/store"
)

func hashCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hash",
		Short: "Choose the cost of password hashes and count the weaker ones",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(hashBenchCommand(), hashStatusCommand())
	return cmd
}

func hashBenchCommand() *cobra.Command {
	target, timeout := 100*time.Millisecond, time.Minute
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure password hashes on this machine and recommend settings",
		Long: "Measure password hashes on this machine and recommend settings. As many hashes as the API computes in parallel " +
			"(HASH_CONCURRENCY) run at a time, so the machine should be otherwise idle.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if target <= 0 || timeout <= 0 {
				return fmt.Errorf("--target and --timeout must be longer than 0 (they are %s and %s)", target, timeout)
			}
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			concurrency := cmp.Or(c.Password.HashConcurrency, runtime.GOMAXPROCS(0))
			fmt.Fprintf(cmd.OutOrStdout(), "Hashes in parallel: %d (HASH_CONCURRENCY)\n\n", concurrency)
			return benchHashes(ctx, cmd.OutOrStdout(), c.Password.HashParams(), concurrency, target)
		},
	}
	cmd.Flags().DurationVar(&target, "target", target, "longest time that one hash should take")
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "when to stop measuring; the rest of the table is then missing")
	return cmd
}

// benchHashes prints the measurements and the most expensive parameters whose hash takes at most target. It stops measuring at
// the first ones that take twice as long, or when ctx ends.
func benchHashes(ctx context.Context, w io.Writer, configured argon2id.Params, concurrency int, target time.Duration) error {
	rows := newTable(w, "HASH_MEMORY", "HASH_ITERATIONS", "HASH_PARALLELISM", "ms a hash", "hashes/s", "memory of all")
	var best argon2id.Params
	for _, p := range secret.BenchParams() {
		took, err := secret.MeasureHash(ctx, p, concurrency)
		if err != nil {
			break
		}
		if took <= target {
			best = p
		}
		rows.row(strconv.Itoa(int(p.Memory)), strconv.Itoa(int(p.Iterations)), strconv.Itoa(int(p.Parallelism)),
			strconv.FormatFloat(took.Seconds()*1000, 'f', 1, 64), strconv.FormatFloat(float64(concurrency)/took.Seconds(), 'f', 1, 64),
			fmt.Sprintf("%d MiB", concurrency*int(p.Memory)/1024))
		if took > 2*target {
			break
		}
	}
	if err := rows.flush(); err != nil {
		return err
	}
	if best == (argon2id.Params{}) {
		return fmt.Errorf("no parameters took at most %s: raise --target or --timeout, or use a faster machine", target)
	}
	_, err := fmt.Fprintf(w, "\nConfigured: %s. The most expensive that took at most %s:\n\n"+
		"HASH_MEMORY=%d\nHASH_ITERATIONS=%d\nHASH_PARALLELISM=%d\n",
		secret.FormatParams(configured), target, best.Memory, best.Iterations, best.Parallelism)
	return err
}

func hashStatusCommand() *cobra.Command {
	timeout := 5 * time.Minute
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Count the users whose password hash is weaker than configured",
		Long: "Count the users by the parameters of their password hash, and mark the hashes that are weaker than HASH_MEMORY and " +
			"HASH_ITERATIONS. It reads all users.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return withStore(ctx, func(ctx context.Context, s *store.Store) error {
				counts, err := s.CountHashes(ctx)
				if err != nil {
					return err
				}
				return printHashes(cmd.OutOrStdout(), counts, c.Password.HashParams())
			})
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "when to give up")
	return cmd
}

func printHashes(w io.Writer, counts []store.HashCount, configured argon2id.Params) error {
	rows := newTable(w, "parameters", "users", "weaker than configured")
	weaker := 0
	for _, count := range counts {
		mark := "no"
		if secret.NeedsRehash(secret.ParamsOf(count.Parameters), configured) {
			mark = "yes"
			weaker += count.Users
		}
		rows.row(cmp.Or(count.Parameters, "other"), strconv.Itoa(count.Users), mark)
	}
	if err := rows.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d users have a hash weaker than %s\n", weaker, secret.FormatParams(configured))
	return err
}
