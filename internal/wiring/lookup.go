package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/export"
	"registrar/internal/payload"
	"registrar/internal/store"
	"registrar/internal/timeline"
)

// operatorTimeout bounds one command of an operator.
const operatorTimeout = 30 * time.Second

// newTimelineReader returns a reader of Temporal and the user database.
func newTimelineReader(keys Keys, users *store.Store, registrations *engine.Registrations) timeline.Reader {
	data := payload.DataConverter(keys.Codec.Lenient())
	return timeline.Reader{
		Histories: registrations, Ledger: users,
		Converters: timeline.Converters{Data: data, Failure: payload.FailureConverter(data)},
	}
}

// WithLookup calls use with a Lookup. The context of use ends after 30 s.
func WithLookup(ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, timeline.Lookup) error) error {
	return withRegistrations(ctx, c, logger, func(ctx context.Context, o common, registrations *engine.Registrations) error {
		return use(ctx, timeline.Lookup{
			Reader:        newTimelineReader(o.keys, o.users, registrations),
			Registrations: registrations, Accounts: o.users, EmailHashes: o.keys.Ring.EmailHashes, Logger: logger,
		})
	})
}

// WithExports calls use with the user store and the exports of users. The context of use ends after 30 s.
func WithExports(
	ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *store.Store, export.Reader) error,
) error {
	return withRegistrations(ctx, c, logger, func(ctx context.Context, o common, registrations *engine.Registrations) error {
		return use(ctx, o.users, newExports(o.keys, o.users, registrations))
	})
}

func newExports(keys Keys, users *store.Store, registrations *engine.Registrations) export.Reader {
	return export.Reader{Store: users, Registrations: registrations, Timelines: newTimelineReader(keys, users, registrations)}
}

// withRegistrations calls use with the user database and Temporal. The context of use ends after 30 s.
func withRegistrations(
	ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, common, *engine.Registrations) error,
) error {
	o, err := openCommon(c, logger)
	if err != nil {
		return err
	}
	defer closeStore(o.users, logger)
	ctx, cancel := context.WithTimeout(ctx, operatorTimeout)
	defer cancel()
	temporal, err := client.DialContext(ctx, o.temporal)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", o.temporal.HostPort, err)
	}
	defer temporal.Close()
	return use(ctx, o, engine.NewRegistrations(temporal, engine.RegistrationOptions{}))
}
