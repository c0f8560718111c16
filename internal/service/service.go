// Package service wires the parts of the service together according to the configuration. cmd/registrar and dev share it,
// so that development differs from production only in the Temporal server, the database and the providers.
package service

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"registrar/internal/config"
	"registrar/internal/payload"
	"registrar/internal/secret"
	"registrar/internal/store"
)

// Logger returns the process's logger on w. Unless configured otherwise, it writes text on a terminal and JSON elsewhere.
func Logger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.Level)) != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" || c.Format == "auto" && IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Keys are the service's parsed keysets.
type Keys struct {
	Ring  *secret.Keyring
	Codec *payload.Codec
}

// OpenKeys parses both keysets. Its error names the variable and never contains its value.
func OpenKeys(c config.Keys) (Keys, error) {
	prf, err := secret.ParsePRF(c.PRF)
	if err != nil {
		return Keys{}, fmt.Errorf("PRF_KEYSET: %w", err)
	}
	ring, err := secret.NewKeyring(prf)
	if err != nil {
		return Keys{}, fmt.Errorf("PRF_KEYSET: %w", err)
	}
	codec, err := OpenCodec(c)
	return Keys{ring, codec}, err
}

// OpenCodec parses the keyset that encrypts payloads.
func OpenCodec(c config.Keys) (*payload.Codec, error) {
	aead, err := secret.ParseAEAD(c.Payload)
	if err != nil {
		return nil, fmt.Errorf("PAYLOAD_KEYSET: %w", err)
	}
	codec, err := payload.NewCodec(aead)
	if err != nil {
		return nil, fmt.Errorf("PAYLOAD_KEYSET: %w", err)
	}
	return codec, nil
}

// OpenStore returns the user store. It does not connect yet.
func OpenStore(c config.Database, logger *slog.Logger) (*store.Store, error) {
	authorities, err := databaseAuthorities(c.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_TLS_CA: %w", err)
	}
	dialector, err := store.MySQL(c.DSN, authorities)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_DSN: %w", err)
	}
	return store.Open(dialector, store.Options{
		MaxOpen: c.MaxOpen, MaxIdle: c.MaxIdle, MaxLifetime: c.MaxLifetime, Logger: logger,
	})
}

// common is what the API, the workers and the lookup of registrations share.
type common struct {
	keys     Keys
	users    *store.Store // the caller closes it
	temporal client.Options
}

// openCommon does not connect yet.
func openCommon(c config.Config, logger *slog.Logger) (o common, err error) {
	if err := c.Require("PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"); err != nil {
		return o, err
	}
	if o.keys, err = OpenKeys(c.Keys); err != nil {
		return o, err
	}
	if o.temporal, err = TemporalOptions(o.keys, logger); err != nil {
		return o, err
	}
	o.users, err = OpenStore(c.Database, logger)
	return o, err
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

// TemporalOptions returns the client's options from the environment (TEMPORAL_ADDRESS and so on), with encryption.
func TemporalOptions(keys Keys, logger *slog.Logger) (client.Options, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return o, fmt.Errorf("read the Temporal settings: %w", err)
	}
	o.HostPort = cmp.Or(o.HostPort, client.DefaultHostPort)
	o.Namespace = cmp.Or(o.Namespace, client.DefaultNamespace)
	return Encrypted(o, keys, logger), nil
}

// Encrypted adds the encryption of everything that a client writes. Without a codec, the client must not be used for
// workflows.
func Encrypted(o client.Options, keys Keys, logger *slog.Logger) client.Options {
	o.Logger = log.NewStructuredLogger(logger)
	// The client leaves a frontend that hangs after the sum of both. Servers allow one ping per 10 s.
	o.ConnectionOptions.KeepAliveTime = 10 * time.Second
	o.ConnectionOptions.KeepAliveTimeout = 3 * time.Second
	if keys.Codec != nil {
		o.DataConverter = payload.DataConverter(keys.Codec)
		o.FailureConverter = payload.FailureConverter(o.DataConverter)
	}
	return o
}
