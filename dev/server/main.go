// Command server runs the whole service in one process: Temporal with its Web UI, the API, all workers, SQLite, and an outbox
// instead of the providers, and a receiver of events. It needs only Go and listens only on loopback. `go run ./dev` compiles and starts it.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"registrar/dev/companion"
	"registrar/dev/preflight"
	"registrar/internal/config"
	"registrar/internal/hashprocess"
	"registrar/internal/wiring"
)

func main() {
	hashprocess.Main()
	os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// command runs the service until it receives a signal. It returns the exit code.
func command(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return preflight.Exit(run(ctx, args, environ, stdout, stderr), stderr)
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	f, err := preflight.Parse(args, stdout)
	if err != nil {
		return err
	}
	o := options{
		data: f.Data, apiPort: f.APIPort, uiPort: f.UIPort, temporalPort: f.TemporalPort, receiver: true,
	}
	if err := o.setMeasurement(environ); err != nil {
		return err
	}
	o.companion = companion.Options{Path: f.With, Port: f.WithPort, Output: stderr}
	c, err := config.Load(append(defaults(), environ...))
	if err != nil {
		return err
	}
	o.config = c
	o.logger = wiring.Logger(c.Log, stderr)
	slog.SetDefault(o.logger)

	s, err := start(ctx, o)
	if ctx.Err() != nil && s == nil {
		return nil // stopped by a signal during the start
	}
	if err != nil {
		return err
	}
	banner(stdout, s.base, s.locations)
	err = s.wait(ctx)
	return errors.Join(err, s.stop())
}

// operatorToken is the default of ADMIN_TOKEN, so that the operations for operators can be tried. The service is only reachable
// from this machine, where the outbox shows all codes anyway.
const operatorToken = "local-operator-token"

// defaults returns the settings for one machine. The environment overrides them. Only warnings are logged, so that the banner
// stays visible. There are no rate limits, because all local clients share one address and often register the same user.
func defaults() []string {
	return append(config.Unlimited(), "ADMIN_TOKEN="+operatorToken, "LOG_LEVEL=warn", "API_DRAIN_DELAY=0s", "API_SHUTDOWN_TIMEOUT=1s", "WORKER_STOP_TIMEOUT=1s", "EVENTS_ALLOW_PRIVATE=true")
}
