// Command server is the whole service in one process for one machine: Temporal with its Web UI, the API, all workers,
// SQLite, and an outbox in place of the providers. It needs nothing but Go, and listens on loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"registrar/internal/config"
	"registrar/internal/service"
)

func main() {
	os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// command runs dev until a signal and returns the exit code.
func command(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, environ, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "dev:", strings.TrimSuffix(line, "\n"))
	}
	return 1
}

// errUsage says that the flag set has told what is wrong.
var errUsage = errors.New("usage")

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	c, err := config.Load(append(defaults(), environ...))
	if err != nil {
		return err
	}
	o.config = c
	o.logger = service.Logger(c.Log, stderr)
	slog.SetDefault(o.logger)

	s, err := start(ctx, o)
	if ctx.Err() != nil && s == nil {
		return nil // told to stop before it had started
	}
	if err != nil {
		return err
	}
	banner(stdout, s.places)
	err = s.wait(ctx)
	return errors.Join(err, s.stop())
}

// defaults are settings that suit one machine; the environment overrides them. Only warnings are logged: on a terminal
// the banner is to stay in sight. There are no limits: everybody who tries it out, and every load test, has one address,
// and the same person is registered again and again.
func defaults() []string {
	return []string{
		"LOG_LEVEL=warn", "API_DRAIN_DELAY=0s", "API_SHUTDOWN_TIMEOUT=1s", "WORKER_STOP_TIMEOUT=1s",
		"LIMIT_REGISTRATIONS=0", "LIMIT_CODES=0", "LIMIT_DESTINATIONS=0",
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.data, "data", ".data", "folder that keeps everything, made when it is missing")
	flags.IntVar(&o.apiPort, "api-port", 8080, "port of the API, the outbox and this service's page")
	flags.IntVar(&o.uiPort, "ui-port", 8233, "port of Temporal Web UI")
	flags.IntVar(&o.temporalPort, "temporal-port", 7233, "port of Temporal, for tctl and temporal")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errUsage
	}
	if o.data == "" {
		return o, errors.New("--data: no folder is named")
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))
	}
	for name, port := range map[string]int{"api-port": o.apiPort, "ui-port": o.uiPort, "temporal-port": o.temporalPort} {
		if port < 1 || port > 65535 {
			return o, fmt.Errorf("--%s: %d is not a port, which is from 1 to 65535", name, port)
		}
	}
	return o, nil
}

func banner(w io.Writer, places []place) {
	fmt.Fprintln(w, "\nRegistrar is ready.")
	fmt.Fprintln(w)
	for _, p := range places {
		fmt.Fprintf(w, "  %-14s %s\n", p.Name, p.Address)
	}
	fmt.Fprintln(w, "\nCtrl-C stops it; nothing is lost, also by kill -9.")
}
