package main

import (
	"context"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/engine"
)

func campaignListCommand() *cobra.Command {
	var (
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the campaigns: running ones first, then the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withCampaigns(cmd, func(ctx context.Context, e *engine.Campaigns) error {
				campaigns, err := listCampaigns(ctx, e, limit)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), campaignBodies(campaigns))
				}
				return printCampaigns(cmd.OutOrStdout(), campaigns)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "maximum number of campaigns")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

type campaignLister interface {
	List(ctx context.Context, page []byte) ([]engine.CampaignState, []byte, error)
}

// listCampaigns reads page after page, up to limit campaigns.
func listCampaigns(ctx context.Context, from campaignLister, limit int) ([]engine.CampaignState, error) {
	all := []engine.CampaignState{}
	var page []byte
	for {
		campaigns, next, err := from.List(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, campaigns...)
		if len(next) == 0 || len(all) >= limit {
			return all[:max(0, min(len(all), limit))], nil
		}
		page = next
	}
}

// campaignBodies returns campaigns as the HTTP contract describes them.
func campaignBodies(campaigns []engine.CampaignState) []openapi.Campaign {
	bodies := make([]openapi.Campaign, len(campaigns))
	for i, c := range campaigns {
		bodies[i] = api.CampaignBody(c)
	}
	return bodies
}

func printCampaigns(w io.Writer, campaigns []engine.CampaignState) error {
	table := newTable(w, "CAMPAIGN", "STATUS", "SENT", "OF", "CREATED (UTC)", "NAME")
	for _, c := range campaigns {
		sent, of := "-", "-"
		if c.Known {
			sent, of = strconv.Itoa(c.Sent), strconv.Itoa(c.Recipients)
		}
		table.row(c.ID, string(c.Status), sent, of, formatTime(c.CreatedAt), c.Content.Name)
	}
	return table.flush()
}
