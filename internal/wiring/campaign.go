package wiring

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"

	"registrar/internal/campaign"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/payload"
	"registrar/internal/store"
)

// newCampaigns returns the campaigns in the client's namespace.
func newCampaigns(c config.Config, keys Keys, temporal client.Client) *engine.Campaigns {
	return engine.NewCampaigns(temporal, engine.CampaignOptions{
		Keys: keys.Ring, Data: payload.DataConverter(keys.Codec), ParkingTime: c.Registration.ParkingTime,
	})
}

// CampaignComposer returns the composer of campaign emails.
func CampaignComposer(c config.Config, keys Keys) campaign.Composer {
	return campaign.Composer{PublicURL: c.Public.PublicURL, Token: keys.Ring.UnsubscribeToken}
}

// WithCampaigns calls use with the campaigns. It needs only Temporal, not the database. Each call of Campaigns has its own
// timeout.
func WithCampaigns(ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *engine.Campaigns) error) error {
	return withTemporal(ctx, c, logger, func(keys Keys, temporal client.Client) error {
		return use(ctx, newCampaigns(c, keys, temporal))
	})
}

// WithChanges calls use with the changes of users. It needs only Temporal, not the database. Each change has its own timeout.
func WithChanges(ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *engine.Changes) error) error {
	return withTemporal(ctx, c, logger, func(_ Keys, temporal client.Client) error {
		return use(ctx, engine.NewChanges(temporal, operatorTimeout))
	})
}

// WithReplays calls use with the user store and the replays of events. Each call of Replays has its own timeout.
func WithReplays(
	ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *store.Store, *engine.Replays) error,
) error {
	o, err := openCommon(c, logger)
	if err != nil {
		return err
	}
	defer closeStore(o.users, logger)
	return withTemporal(ctx, c, logger, func(_ Keys, temporal client.Client) error {
		return use(ctx, o.users, engine.NewReplays(temporal, c.Policy()))
	})
}

// withTemporal calls use with the keys and a client that is connected.
func withTemporal(ctx context.Context, c config.Config, logger *slog.Logger, use func(Keys, client.Client) error) error {
	if err := c.Require("PRF_KEYSET", "PAYLOAD_KEYSET"); err != nil {
		return err
	}
	keys, err := OpenKeys(c.Keys)
	if err != nil {
		return err
	}
	o, err := TemporalOptions(keys, logger)
	if err != nil {
		return err
	}
	connecting, cancel := context.WithTimeout(ctx, operatorTimeout)
	defer cancel()
	temporal, err := client.DialContext(connecting, o)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", o.HostPort, err)
	}
	defer temporal.Close()
	return use(keys, temporal)
}
