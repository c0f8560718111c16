package main

import (
	"context"
	"fmt"
	"time"

	"registrar/internal/engine"
)

type campaignGetter interface {
	Get(ctx context.Context, id string) (engine.CampaignState, error)
}

// watchCampaign shows a campaign until it has ended or ctx ends.
func watchCampaign(ctx context.Context, from campaignGetter, id string, w watcher, interval time.Duration) error {
	get := func(ctx context.Context) (watched, error) {
		c, err := from.Get(ctx, id)
		return watched{text: describe(c), done: c.Sent + c.Rejected, total: c.Recipients, ended: c.Ended()}, err
	}
	return watch(ctx, get, w, interval)
}

func describe(c engine.CampaignState) string {
	text := string(c.Status)
	if !c.Known {
		return text
	}
	if c.Reason != "" {
		text += " (" + string(c.Reason) + ")"
	}
	return fmt.Sprintf("%s: %d of %d sent, %d rejected", text, c.Sent, c.Recipients, c.Rejected)
}
