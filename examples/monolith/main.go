// Command monolith stands for a program that had users before Registrar. It shows what such a program needs afterwards: it keeps
// its own table of users by Registrar's events, it refuses some sign-ups as Registrar's gate, and it logs people in.
//
// `go run ./dev --with ./examples/monolith` starts it beside Registrar. docs/moving-off-the-monolith.md is the guide.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv, log)
	stop()
	if err != nil {
		log.Error("the monolith ended", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, getenv func(string) string, log *slog.Logger) error {
	m, err := open(ctx, getenv, log)
	if err != nil {
		return err
	}
	defer func() { _ = m.users.close() }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", getenv("MONOLITH_ADDR"))
	if err != nil {
		return fmt.Errorf("MONOLITH_ADDR: %w", err)
	}
	log.Info("the monolith is ready", "address", listener.Addr().String())
	return serve(ctx, &http.Server{Handler: m.handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second}, listener)
}

// serve serves until ctx ends, and then finishes the requests that it has begun.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
