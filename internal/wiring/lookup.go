package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/engine"
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
	registrations := engine.NewRegistrations(temporal, engine.RegistrationOptions{})
	return use(ctx, timeline.Lookup{
		Reader:        newTimelineReader(o.keys, o.users, registrations),
		Registrations: registrations, Accounts: o.users, EmailHashes: o.keys.Ring.EmailHashes, Logger: logger,
	})
}
