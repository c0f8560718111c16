package wiring

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"registrar/internal/engine"
	"registrar/internal/payload"
)

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
	// gRPC would look for a configuration of the client in the name's TXT records, and wait for the answer. In a container network
	// without a way out, there is none.
	o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions, grpc.WithDisableServiceConfig())
	// The SDK's default is gzip. Encrypted payloads do not get smaller, so compression only costs processor time on both sides.
	o.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	if keys.Codec != nil {
		if keys.Codec.AcceptsLegacy() {
			logger.Warn("PAYLOAD_LEGACY: payloads are accepted that are not encrypted or not bound to a workflow; a client of Temporal can forge registrations")
		}
		o.DataConverter = payload.DataConverter(keys.Codec)
		o.FailureConverter = payload.FailureConverter(o.DataConverter)
	}
	return o
}

// dial connects to Temporal. It retries until Temporal answers and has the namespace.
func dial(ctx context.Context, o client.Options, logger *slog.Logger) (c client.Client, err error) {
	err = Await(ctx, logger, "Temporal at "+o.HostPort, func(ctx context.Context) error {
		c, err = engine.Dial(ctx, o)
		return err
	})
	return c, err
}

// Await calls try until it succeeds or ctx ends, every 2 s, and logs each failure.
func Await(ctx context.Context, logger *slog.Logger, what string, do func(context.Context) error) error {
	const retryInterval = 2 * time.Second
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		logger.Warn("waiting for "+what, "err", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, err)
		case <-time.After(retryInterval):
		}
	}
}

// AddSearchAttributes adds the missing search attributes to the configured namespace.
func AddSearchAttributes(ctx context.Context) error {
	o, err := TemporalOptions(Keys{}, slog.Default())
	if err != nil {
		return err
	}
	c, err := client.DialContext(ctx, o)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s (use --skip-temporal to do without): %w", o.HostPort, err)
	}
	defer c.Close()
	return engine.AddSearchAttributes(ctx, c, o.Namespace)
}
