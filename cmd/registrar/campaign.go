package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/campaign"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/wiring"
)

func campaignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "Send an email to all users who consented",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(campaignCreateCommand(), campaignPreviewCommand(), campaignListCommand(), campaignShowCommand(),
		campaignActionCommand(engine.Pause, "Pause a campaign after the current batch, until resume"),
		campaignActionCommand(engine.Resume, "Continue a paused campaign"),
		campaignActionCommand(engine.Retry, "Run a campaign's failed step again"),
		campaignActionCommand(engine.Cancel, "End a campaign after the current batch"))
	return cmd
}

// contentFlags are the flags for a campaign's content.
type contentFlags struct {
	content    campaign.Content
	html, text string // files
}

func (f *contentFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.content.Name, "name", "", "name of the campaign, for operators")
	cmd.Flags().StringVar(&f.content.Subject, "subject", "", "subject; may contain {{first_name}}")
	cmd.Flags().StringVar(&f.text, "text", "", "file with the plain text; must contain {{unsubscribe}}, may contain {{first_name}}")
	cmd.Flags().StringVar(&f.html, "html", "", "file with the HTML, with the same fields; without it the email is plain text")
	cmd.Flags().StringVar(&f.content.Locale, "locale", "", "only to users with this language; de includes de-AT")
	for _, name := range []string{"name", "subject", "text"} {
		_ = cmd.MarkFlagRequired(name) // fails only for an unknown flag
	}
}

func (f *contentFlags) read() (c campaign.Content, err error) {
	c = f.content
	if c.Text, err = readText(f.text, campaign.MaxText); err != nil || f.html == "" {
		return c, err
	}
	c.HTML, err = readText(f.html, campaign.MaxHTML)
	return c, err
}

// readText reads at most one byte more than the limit, so that the check reports a text that is too long.
func readText(path string, limit int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	return string(text), errors.Join(err, file.Close())
}

func campaignCreateCommand() *cobra.Command {
	var (
		content  contentFlags
		schedule string
		request  campaign.Request
		key      string
		yes      bool
	)
	cmd := &cobra.Command{
		Use:   "create --name NAME --subject SUBJECT --text FILE [--html FILE]",
		Short: "Start or schedule a campaign",
		Long:  "Start or schedule a campaign to all active users who consented. If a text is invalid, nothing is sent.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if request.Content, err = content.read(); err != nil {
				return err
			}
			if request.ScheduleAt, err = parseSchedule(schedule); err != nil {
				return err
			}
			return createCampaign(cmd, request, key, yes)
		},
	}
	content.add(cmd)
	cmd.Flags().StringVar(&schedule, "schedule", "", "start time, such as 2026-12-01T09:00:00Z; default: at once")
	cmd.Flags().Float64Var(&request.Rate, "rate", 0, "maximum recipients per second; 0 means no limit")
	cmd.Flags().StringVar(&key, "idempotency-key", "", "any text of your own; a second create with the same key starts no second campaign")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

func parseSchedule(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--schedule: %q is not a time such as 2026-12-01T09:00:00Z", text)
	}
	return at, nil
}

// createCampaign validates the request before it asks for confirmation, and asks before it connects.
func createCampaign(cmd *cobra.Command, r campaign.Request, key string, yes bool) error {
	if violations := r.Check(time.Now()); len(violations) > 0 {
		return &campaign.ValidationError{Violations: violations}
	}
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	if err := c.Require("PUBLIC_URL"); err != nil { // the workers need it for the links
		return err
	}
	if !yes {
		if err := confirm(cmd, r); err != nil {
			return err
		}
	}
	return withCampaigns(cmd, func(ctx context.Context, e *engine.Campaigns) error {
		started, err := e.Start(ctx, key, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is %s; to watch it, run: registrar campaign show --watch %[1]s\n", started.ID, started.Status)
		return nil
	})
}

func confirm(cmd *cobra.Command, r campaign.Request) error {
	recipients, when := "all users who consented", "now"
	if r.Content.Locale != "" {
		recipients += " and whose language is " + r.Content.Locale
	}
	if r.ScheduleAt.After(time.Now()) {
		when = "from " + r.ScheduleAt.UTC().Format(timeFormat) + " UTC on"
	}
	return confirmed(cmd, fmt.Sprintf("Send %q to %s, %s?", r.Content.Name, recipients, when))
}

func campaignActionCommand(do engine.Action, short string) *cobra.Command {
	return &cobra.Command{
		Use:   string(do) + " ID",
		Short: short,
		Args:  oneCampaign,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCampaigns(cmd, func(ctx context.Context, e *engine.Campaigns) error {
				if err := e.Do(ctx, args[0], do); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s requested for campaign %s\n", do, args[0])
				return nil
			})
		},
	}
}

func withCampaigns(cmd *cobra.Command, use func(context.Context, *engine.Campaigns) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	return wiring.WithCampaigns(cmd.Context(), c, wiring.Logger(c.Log, os.Stderr), use)
}
