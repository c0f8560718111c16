package wiring

import (
	"fmt"
	"log/slog"

	"registrar/activities"
	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/email"
	"registrar/internal/message"
	"registrar/internal/metrics"
	"registrar/internal/sms"
)

// Providers send the messages, and Endpoints receive the events. Batches is for campaigns, and nil without them.
type Providers struct {
	Email, SMS message.Sender
	Batches    message.BatchSender
	Endpoints  []activities.Endpoint
}

// ProviderNames are the names of all providers, in the ledger and in pauses.
var ProviderNames = []string{email.MailgunName, email.SMTPName, sms.TwilioName, sms.WebhookName}

// OpenProviders returns the configured providers as one failover chain for email and one for SMS, in the configured order.
// It does not connect to them.
func OpenProviders(c config.Config, pauses *delivery.PauseChecker, counts *metrics.Metrics, logger *slog.Logger) (Providers, error) {
	if err := c.RequireProviders(); err != nil {
		return Providers{}, err
	}
	measured := counts.Providers()
	byEmail, bySMS := measured.Of(message.ChannelEmail), measured.Of(message.ChannelSMS)
	var emails, texts []delivery.Provider
	for _, name := range c.Email.EmailProviders {
		p, err := openEmail(c.Email, name)
		if err != nil {
			return Providers{}, err
		}
		emails = append(emails, pausable(pauses, delivery.Observed(p, byEmail)))
	}
	for _, name := range c.SMS.SMSProviders {
		p, err := openSMS(c.SMS, c.Public, name)
		if err != nil {
			return Providers{}, err
		}
		texts = append(texts, pausable(pauses, delivery.Observed(p, bySMS)))
	}
	chain := func(o delivery.Observer, providers []delivery.Provider) *delivery.Chain {
		return delivery.NewChain(delivery.Options{Timeout: c.Worker.ProviderTimeout, Logger: logger, Observer: o}, providers...)
	}
	email := chain(byEmail, emails)
	return Providers{Email: email, SMS: chain(bySMS, texts), Batches: email}, nil
}

func pausable(s *delivery.PauseChecker, p delivery.Provider) delivery.Provider {
	p.Sender = s.WrapSender(p.Name, p.Sender)
	if p.Batches != nil {
		p.Batches = s.WrapBatches(p.Name, p.Batches)
	}
	return p
}

func openEmail(c config.Email, name string) (delivery.Provider, error) {
	switch name {
	case email.MailgunName:
		mailgun, err := email.NewMailgun(email.MailgunOptions{
			Domain: c.MailgunDomain, APIKey: c.MailgunAPIKey, APIBase: c.MailgunBaseURL, From: c.From,
		})
		if err != nil {
			return delivery.Provider{}, fmt.Errorf("MAILGUN_…, EMAIL_FROM: %w", err)
		}
		return delivery.Provider{Name: name, Sender: mailgun, Batches: mailgun}, nil
	case email.SMTPName:
		smtp, err := email.NewSMTP(email.SMTPOptions{
			Host: c.SMTPHost, Port: c.SMTPPort, Username: c.SMTPUsername, Password: c.SMTPPassword,
			TLS: email.SMTPTLS(c.SMTPTLS), From: c.From,
		})
		if err != nil {
			return delivery.Provider{}, fmt.Errorf("SMTP_…, EMAIL_FROM: %w", err)
		}
		return delivery.Provider{Name: name, Sender: smtp, Batches: smtp}, nil
	default:
		return delivery.Provider{}, fmt.Errorf("EMAIL_PROVIDERS: %q is not a provider", name)
	}
}

func openSMS(c config.SMS, public config.Public, name string) (delivery.Provider, error) {
	switch name {
	case sms.TwilioName:
		twilio, err := sms.NewTwilio(sms.TwilioOptions{
			AccountSID: c.TwilioAccountSID, AuthToken: c.TwilioAuthToken,
			APIKeySID: c.TwilioAPIKeySID, APIKeySecret: c.TwilioAPIKeySecret,
			From: c.TwilioFrom, MessagingServiceSID: c.TwilioService, BaseURL: c.TwilioBaseURL,
			StatusCallback: twilioCallback(public.PublicURL),
		})
		if err != nil {
			return delivery.Provider{}, fmt.Errorf("TWILIO_…: %w", err)
		}
		return delivery.Provider{Name: name, Sender: twilio}, nil
	case sms.WebhookName:
		webhook, err := sms.NewWebhook(sms.WebhookOptions{URL: c.WebhookURL, Secret: c.WebhookSecret, Body: c.WebhookBody})
		if err != nil {
			return delivery.Provider{}, fmt.Errorf("SMS_WEBHOOK_…: %w", err)
		}
		return delivery.Provider{Name: name, Sender: webhook}, nil
	default:
		return delivery.Provider{}, fmt.Errorf("SMS_PROVIDERS: %q is not a provider", name)
	}
}
