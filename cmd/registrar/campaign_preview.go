package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"registrar/internal/campaign"
	"registrar/internal/config"
)

func campaignPreviewCommand() *cobra.Command {
	var (
		content   contentFlags
		firstName string
		htmlOut   string
	)
	cmd := &cobra.Command{
		Use:   "preview --name NAME --subject SUBJECT --text FILE [--html FILE]",
		Short: "Check a campaign and print the email for one recipient; nothing is sent",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := content.read()
			if err != nil {
				return err
			}
			settings, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			base := cmp.Or(settings.Public.PublicURL, "https://register.example.com")
			p, err := c.Preview(campaign.Example(base, firstName))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Subject: %s\n\n%s\n\ntext: %d of %d bytes, HTML: %d of %d bytes\n", p.Subject, p.Text,
				len(c.Text), campaign.MaxText, len(c.HTML), campaign.MaxHTML)
			if htmlOut == "" {
				return nil
			}
			return os.WriteFile(htmlOut, []byte(p.HTML), 0o600)
		},
	}
	content.add(cmd)
	cmd.Flags().StringVar(&firstName, "first-name", "Ada", "first name of the recipient")
	cmd.Flags().StringVar(&htmlOut, "html-out", "", "file to write the HTML to, for a browser")
	return cmd
}
