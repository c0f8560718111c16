package wiring

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"

	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/internal/store"
)

// OpenStore returns the user store, which records events as they are configured. It does not connect yet.
func OpenStore(c config.Database, events event.Recording, logger *slog.Logger) (*store.Store, error) {
	authorities, err := databaseAuthorities(c.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_TLS_CA: %w", err)
	}
	dsn := c.DSN
	if c.Password != "" {
		if dsn, err = store.WithPassword(dsn, c.Password); err != nil {
			return nil, fmt.Errorf("DATABASE_DSN with DATABASE_PASSWORD: %w", err)
		}
	}
	dialector, err := store.MySQL(dsn, authorities)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_DSN: %w", err)
	}
	return store.Open(dialector, store.Options{
		MaxOpen: c.MaxOpen, MaxIdle: c.MaxIdle, MaxLifetime: c.MaxLifetime, Logger: logger, Events: events,
	})
}

// databaseAuthorities reads the CA certificates in a file. It returns nil for an empty path.
func databaseAuthorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", path)
	}
	return pool, nil
}

// schemaReady returns the readiness check of the database's schema. It fails only for missing migrations: an unavailable
// database, or one that a later release has migrated, does not prevent registrations.
func schemaReady(s *store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		missing, err := s.Pending(ctx)
		if err == nil && missing > 0 {
			return fmt.Errorf("%d migrations are missing: run registrar migrate up", missing)
		}
		return nil
	}
}

func closeStore(s *store.Store, logger *slog.Logger) {
	if err := s.Close(); err != nil {
		logger.Warn("close the database", "err", err)
	}
}
