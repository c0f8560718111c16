// Package service puts the parts together as the configuration says. cmd/registrar and dev share it, so that what runs
// on a developer's machine is what runs in production, but for the Temporal server, the database and the providers.
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

// Logger returns the process's logger on w: text on a terminal and JSON otherwise, unless the configuration says.
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

// IsTerminal is true for a file that is a terminal.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Keys are the service's key material, ready for use.
type Keys struct {
	Ring  *secret.Keyring
	Codec *payload.Codec
}

// OpenKeys reads both keysets. Its error names the variable and shows nothing of its value.
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

// OpenCodec reads the keyset that encrypts payloads.
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

// common is what every part that knows registrations needs.
type common struct {
	keys     Keys
	users    *store.Store // to be closed
	temporal client.Options
}

// openCommon connects to nothing yet.
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

// databaseAuthorities reads the certificates in a file; no file means none.
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

// TemporalOptions are the client's options from the environment (TEMPORAL_ADDRESS and so on), Encrypted.
func TemporalOptions(keys Keys, logger *slog.Logger) (client.Options, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return o, fmt.Errorf("read the Temporal settings: %w", err)
	}
	o.HostPort = cmp.Or(o.HostPort, client.DefaultHostPort)
	o.Namespace = cmp.Or(o.Namespace, client.DefaultNamespace)
	return Encrypted(o, keys, logger), nil
}

// Encrypted makes a client encrypt everything that it writes. Without a codec it is good for what concerns no workflow.
func Encrypted(o client.Options, keys Keys, logger *slog.Logger) client.Options {
	o.Logger = log.NewStructuredLogger(logger)
	// A frontend that hangs is noticed after both together, and the next takes its calls. Servers allow a ping each 10 s.
	o.ConnectionOptions.KeepAliveTime = 10 * time.Second
	o.ConnectionOptions.KeepAliveTimeout = 3 * time.Second
	if keys.Codec != nil {
		o.DataConverter = payload.DataConverter(keys.Codec)
		o.FailureConverter = payload.FailureConverter(o.DataConverter)
	}
	return o
}
