package service

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"

	"registrar/internal/campaign"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/payload"
)

// campaigns returns the campaigns in the client's namespace.
func campaigns(c config.Config, keys Keys, temporal client.Client) *engine.Campaigns {
	return engine.NewCampaigns(temporal, engine.CampaignOptions{
		Keys: keys.Ring, Data: payload.DataConverter(keys.Codec), ParkingTime: c.Registration.ParkingTime,
	})
}

// CampaignComposer writes the emails of campaigns.
func CampaignComposer(c config.Config, keys Keys) campaign.Composer {
	return campaign.Composer{PublicURL: c.Public.PublicURL, Token: keys.Ring.UnsubscribeToken}
}

// WithCampaigns lets use have the campaigns. Nothing but Temporal is needed; every call has a deadline of its own.
func WithCampaigns(ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *engine.Campaigns) error) error {
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
	return use(ctx, campaigns(c, keys, temporal))
}
