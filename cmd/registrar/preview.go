package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/emaillink"
	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/wiring"
)

// preview is the input for one message.
type preview struct {
	kind       message.Kind
	channel    message.Channel
	locale     string
	name       string
	codeTTL    time.Duration
	bound      bool   // codes are bound to BRAND_URL
	site       string // where the links of the welcome email lead
	attributes string // as a JSON object
}

// previewable are the messages with templates. The first one of a kind has its default channel.
var previewable = []preview{
	{kind: message.KindOTP, channel: message.ChannelSMS},
	{kind: message.KindOTP, channel: message.ChannelEmail},
	{kind: message.KindWelcome, channel: message.ChannelEmail},
	{kind: message.KindCompletion, channel: message.ChannelSMS},
	{kind: message.KindAccountExists, channel: message.ChannelEmail},
	{kind: message.KindEmailReleased, channel: message.ChannelSMS},
}

// previewKinds lists the kinds for help texts.
const previewKinds = "otp, welcome, completion, account_exists or email_released"

func previewCommand() *cobra.Command {
	var p preview
	var all bool
	var channel, page string
	cmd := &cobra.Command{
		Use:   "preview [KIND]",
		Short: "Print a message as a user gets it: " + previewKinds,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, templates, err := openTemplates()
			if err != nil {
				return err
			}
			p.codeTTL, p.bound = c.Registration.CodeTTL, c.Brand.URL != ""
			p.site = cmp.Or(c.Public.PublicURL, "https://register.example.com")
			if p.attributes, err = sampleAttributes(c); err != nil {
				return err
			}
			if all {
				return previewAll(cmd.OutOrStdout(), templates, p)
			}
			if len(args) == 0 {
				return errors.New("give a message (" + previewKinds + ") or --all")
			}
			if p.kind, p.channel, err = pick(args[0], channel, page != ""); err != nil {
				return err
			}
			return p.print(cmd.OutOrStdout(), templates, page)
		},
	}
	cmd.Flags().StringVar(&p.locale, "locale", "en", "the user's language and region, such as de or ar-EG")
	cmd.Flags().StringVar(&channel, "channel", "", "sms or email, for a message with both")
	cmd.Flags().StringVar(&page, "html", "", "write an email's HTML to this file")
	cmd.Flags().StringVar(&p.name, "name", "Ada", "the user's first name")
	cmd.Flags().BoolVar(&all, "all", false, "print every message in every language")
	for _, one := range []string{"locale", "channel", "html"} {
		cmd.MarkFlagsMutuallyExclusive("all", one)
	}
	return cmd
}

// sampleAttributes returns attributes for the messages, "" if the configuration has none.
func sampleAttributes(c config.Config) (string, error) {
	schema, err := wiring.OpenSchema(c.Registration)
	if err != nil || schema == nil {
		return "", err
	}
	return schema.Samples(), nil
}

// pick returns the message for the arguments.
func pick(kind, channel string, page bool) (message.Kind, message.Channel, error) {
	if page {
		channel = cmp.Or(channel, string(message.ChannelEmail))
	}
	i := slices.IndexFunc(previewable, func(p preview) bool {
		return string(p.kind) == kind && (channel == "" || channel == string(p.channel))
	})
	if i < 0 {
		return "", "", fmt.Errorf("unknown message %s; use otp (sms or email), welcome or account_exists (email), "+
			"completion or email_released (sms)", strings.TrimSpace(kind+" "+channel))
	}
	if page && previewable[i].channel != message.ChannelEmail {
		return "", "", errors.New("--html: an SMS has no HTML")
	}
	return previewable[i].kind, previewable[i].channel, nil
}

func previewAll(out io.Writer, templates *render.Templates, sample preview) error {
	for _, locale := range templates.Languages() {
		for _, one := range previewable {
			sample.kind, sample.channel, sample.locale = one.kind, one.channel, locale
			fmt.Fprintf(out, "=== %s, %s, %s\n", locale, one.kind, one.channel)
			if err := sample.print(out, templates, ""); err != nil {
				return err
			}
			fmt.Fprintln(out)
		}
	}
	return nil
}

// print writes a message to out, and its HTML to the file page if page is not empty.
func (p preview) print(out io.Writer, templates *render.Templates, page string) error {
	m, err := p.render(templates)
	if err != nil {
		return err
	}
	if page != "" {
		if err := os.WriteFile(page, []byte(m.HTML), 0o644); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	}
	if m.Channel == message.ChannelEmail {
		_, err = fmt.Fprintf(out, "Subject: %s\n\n%s", m.Subject, m.Text)
		return err
	}
	fmt.Fprintln(out, render.Segments(m.Text))
	if p.kind == message.KindOTP && p.bound && !strings.Contains(m.Text, "\n@") {
		fmt.Fprintln(out, "without the line that binds the code to BRAND_URL")
	}
	_, err = fmt.Fprintf(out, "\n%s\n", m.Text)
	return err
}

func (p preview) render(templates *render.Templates) (message.Message, error) {
	switch p.kind {
	case message.KindWelcome:
		return templates.Welcome(p.locale, "", render.WelcomeData{
			FirstName: p.name, Attributes: p.attributes, RequestedAt: time.Now(),
			ConfirmURL: p.site + emaillink.ConfirmPath + "?token=example", NotMeURL: p.site + emaillink.NotMePath + "?token=example",
		})
	case message.KindCompletion:
		return templates.Completion(p.locale, "", render.CompletionData{FirstName: p.name, Attributes: p.attributes})
	case message.KindAccountExists:
		return templates.AccountExists(p.locale, "", render.AccountExistsData{FirstName: p.name, Attributes: p.attributes})
	case message.KindEmailReleased:
		return templates.EmailReleased(p.locale, "", render.EmailReleasedData{FirstName: p.name, Attributes: p.attributes})
	default:
		return templates.OTP(p.locale, p.channel, "", render.OTPData{Code: "123456", FirstName: p.name, Attributes: p.attributes, TTL: p.codeTTL})
	}
}
