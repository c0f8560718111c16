package main

import (
	"context"
	"log/slog"
	"os"

	"registrar/internal/config"
	"registrar/internal/wiring"
)

// serve runs a process of the service until ctx ends. Its settings come from environ, and it logs to standard error.
func serve(ctx context.Context, environ []string, run func(context.Context, config.Config, *slog.Logger) error) error {
	c, err := config.Load(environ)
	if err != nil {
		return err
	}
	logger := wiring.Logger(c.Log, os.Stderr)
	slog.SetDefault(logger)
	for _, warning := range c.Warnings() {
		logger.Warn(warning)
	}
	return run(ctx, c, logger)
}
