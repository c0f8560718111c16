package main

import (
	"context"
	"io"
	"strconv"

	"github.com/spf13/cobra"

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
					return printJSON(cmd.OutOrStdout(), campaigns)
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
	List(ctx context.Context, page []byte) ([]engine.Campaign, []byte, error)
}

// listCampaigns reads page after page, up to limit campaigns.
func listCampaigns(ctx context.Context, from campaignLister, limit int) ([]engine.Campaign, error) {
	all := []engine.Campaign{}
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

func printCampaigns(w io.Writer, campaigns []engine.Campaign) error {
	table := newTable(w, "CAMPAIGN", "STATUS", "SENT", "OF", "CREATED (UTC)", "NAME")
	for _, c := range campaigns {
		sent, of := "-", "-"
		if c.Progress != nil {
			sent, of = strconv.Itoa(c.Progress.Sent), strconv.Itoa(c.Progress.Recipients)
		}
		table.row(c.ID, string(c.Status), sent, of, formatTime(c.CreatedAt), c.Name)
	}
	return table.flush()
}
