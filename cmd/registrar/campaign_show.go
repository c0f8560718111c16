package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/engine"
)

func campaignShowCommand() *cobra.Command {
	var watch, asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a campaign's status and progress",
		Args:  oneCampaign,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCampaigns(cmd, func(ctx context.Context, e *engine.Campaigns) error {
				if watch {
					return watchCampaign(ctx, e, args[0], newWatcher(cmd.OutOrStdout(), "emails"), watchInterval)
				}
				c, err := e.Get(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), api.CampaignBody(c))
				}
				return printCampaign(cmd.OutOrStdout(), c)
			})
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "update the output until the campaign has ended")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("watch", "json")
	return cmd
}

func oneCampaign(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args[0]) != 36 || uuid.Validate(args[0]) != nil {
		return fmt.Errorf("%q is not a campaign id (a UUID)", args[0])
	}
	return nil
}

func printCampaign(w io.Writer, c engine.CampaignState) error {
	table := newTable(w, "campaign", c.ID)
	table.row("name", c.Content.Name)
	table.row("status", string(c.Status))
	for _, each := range []struct {
		name string
		at   time.Time
	}{{"created", c.CreatedAt}, {"scheduled", c.ScheduleAt}} {
		table.row(each.name, formatTime(each.at))
	}
	if c.Content.Locale != "" {
		table.row("locale", c.Content.Locale)
	}
	if c.Rate > 0 {
		table.row("rate", fmt.Sprintf("%g per second", c.Rate))
	}
	if !c.Known && c.Ended() {
		table.row("progress", "unknown: no worker answers")
	}
	if c.Known {
		table.row("recipients", strconv.Itoa(c.Recipients))
		table.row("sent", strconv.Itoa(c.Sent))
		table.row("rejected", strconv.Itoa(c.Rejected))
		table.row("batches", strconv.Itoa(c.Batches))
		table.row("started", formatTime(c.StartedAt))
		table.row("ended", formatTime(c.EndedAt))
		if c.Reason != "" {
			table.row("reason", string(c.Reason))
		}
	}
	return table.flush()
}
