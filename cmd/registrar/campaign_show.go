package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"registrar/internal/engine"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func campaignListCommand() *cobra.Command {
	var (
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the campaigns: those that have not ended, then the latest",
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
	cmd.Flags().IntVar(&limit, "limit", 50, "campaigns at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

type campaignLister interface {
	List(ctx context.Context, page []byte) ([]engine.Campaign, []byte, error)
}

// listCampaigns goes from page to page.
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

func campaignShowCommand() *cobra.Command {
	var watch, asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Tell how far a campaign is",
		Args:  oneCampaign,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCampaigns(cmd, func(ctx context.Context, e *engine.Campaigns) error {
				if watch {
					return watchCampaign(ctx, e, args[0], newWatcher(cmd.OutOrStdout()), watchInterval)
				}
				c, err := e.Get(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), c)
				}
				return printCampaign(cmd.OutOrStdout(), c)
			})
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on until the campaign has ended")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("watch", "json")
	return cmd
}

func oneCampaign(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args[0]) != 36 || uuid.Validate(args[0]) != nil {
		return fmt.Errorf("%q is no id of a campaign, which is a UUID", args[0])
	}
	return nil
}

func printCampaigns(w io.Writer, campaigns []engine.Campaign) error {
	table := newTable(w, "CAMPAIGN", "STATUS", "SENT", "OF", "CREATED (UTC)", "NAME")
	for _, c := range campaigns {
		sent, of := "-", "-"
		if c.Progress != nil {
			sent, of = strconv.Itoa(c.Progress.Sent), strconv.Itoa(c.Progress.Recipients)
		}
		table.row(c.ID, string(c.Status), sent, of, moment(c.CreatedAt), c.Name)
	}
	return table.flush()
}

func printCampaign(w io.Writer, c engine.Campaign) error {
	table := newTable(w, "campaign", c.ID)
	table.row("name", c.Name)
	table.row("status", string(c.Status))
	for _, each := range []struct {
		name string
		at   time.Time
	}{{"created", c.CreatedAt}, {"scheduled", c.ScheduleAt}} {
		table.row(each.name, moment(each.at))
	}
	if c.Locale != "" {
		table.row("locale", c.Locale)
	}
	if c.Rate > 0 {
		table.row("rate", fmt.Sprintf("%g a second", c.Rate))
	}
	if c.Progress == nil && c.Ended() {
		table.row("progress", "unknown: no worker answers")
	}
	if p := c.Progress; p != nil {
		table.row("recipients", strconv.Itoa(p.Recipients))
		table.row("sent", strconv.Itoa(p.Sent))
		table.row("rejected", strconv.Itoa(p.Rejected))
		table.row("batches", strconv.Itoa(p.Batches))
		table.row("started", moment(p.StartedAt))
		table.row("ended", moment(p.EndedAt))
		if p.Reason != "" {
			table.row("reason", string(p.Reason))
		}
	}
	return table.flush()
}
