// Command server is the whole service in one process for one machine: Temporal with its Web UI, the API, all workers,
// SQLite, and an outbox in place of the providers. It needs nothing but Go, and listens on loopback only. `go run ./dev`
// compiles and starts it.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"registrar/dev/preflight"
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
	return preflight.Exit(run(ctx, args, environ, stdout, stderr), stderr)
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	f, err := preflight.Parse(args, stderr)
	if err != nil {
		return err
	}
	o := options{data: f.Data, apiPort: f.APIPort, uiPort: f.UIPort, temporalPort: f.TemporalPort}
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
	banner(stdout, s.base, s.places)
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
