package config

import (
	"errors"
	"slices"
)

// The values of EMAIL_PROVIDERS and SMS_PROVIDERS.
var (
	EmailProviders = []string{"mailgun", "smtp"}
	SMSProviders   = []string{"twilio", "webhook"}
)

// requireProviders checks a list of providers.
func (found *problems) requireProviders(name string, named, known []string) {
	found.require(len(named) > 0, name, "names no provider")
	for i, provider := range named {
		found.require(slices.Contains(known, provider), name, "%q is not a provider (known: %q)", provider, known)
		found.require(!slices.Contains(named[:i], provider), name, "%q is named twice", provider)
	}
}

func (e Email) check(found *problems) {
	found.requireProviders("EMAIL_PROVIDERS", e.EmailProviders, EmailProviders)
	found.require(e.SMTPPort > 0 && e.SMTPPort < 1<<16, "SMTP_PORT", "%d is not a port (1 to 65535)", e.SMTPPort)
	found.require(slices.Contains([]string{"starttls", "tls", "none"}, e.SMTPTLS), "SMTP_TLS", "%q is not starttls, tls or none", e.SMTPTLS)
}

func (s SMS) check(found *problems) {
	found.requireProviders("SMS_PROVIDERS", s.SMSProviders, SMSProviders)
}

// requiredSettings are the required variables of each provider, besides EMAIL_FROM.
var requiredSettings = map[string][]string{
	"mailgun": {"MAILGUN_DOMAIN", "MAILGUN_API_KEY"},
	"smtp":    {"SMTP_HOST"},
	"twilio":  {"TWILIO_ACCOUNT_SID"},
	"webhook": {"SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET"},
}

// RequireProviders checks that the required variables of all configured providers are set.
func (c Config) RequireProviders() error {
	names := []string{"EMAIL_FROM"}
	for _, provider := range slices.Concat(c.Email.EmailProviders, c.SMS.SMSProviders) {
		names = append(names, requiredSettings[provider]...)
	}
	return c.Require(names...)
}

// Require checks that the named variables are set.
func (c Config) Require(names ...string) error {
	set := map[string]bool{
		"PRF_KEYSET": c.Keys.PRF != "", "PAYLOAD_KEYSET": c.Keys.Payload != "", "DATABASE_DSN": c.Database.DSN != "",
		"EMAIL_FROM": c.Email.From != "", "MAILGUN_DOMAIN": c.Email.MailgunDomain != "", "MAILGUN_API_KEY": c.Email.MailgunAPIKey != "",
		"SMTP_HOST": c.Email.SMTPHost != "", "SMS_WEBHOOK_URL": c.SMS.WebhookURL != "", "SMS_WEBHOOK_SECRET": c.SMS.WebhookSecret != "",
		"TWILIO_ACCOUNT_SID": c.SMS.TwilioAccountSID != "", "PUBLIC_URL": c.Public.PublicURL != "", "WORKER_HEALTH_ADDR": c.Worker.HealthAddr != "",
	}
	var found problems
	for _, name := range names {
		ok, known := set[name]
		if !known {
			panic("config: unknown variable " + name)
		}
		found.require(ok, name, "is not set")
	}
	return errors.Join(found...)
}
