package config

import (
	"errors"
	"slices"
)

// What EMAIL_PROVIDERS and SMS_PROVIDERS may name.
var (
	EmailProviders = []string{"mailgun", "smtp"}
	SMSProviders   = []string{"twilio", "webhook"}
)

// providers is for lists of providers.
func (m *mistakes) providers(name string, named, known []string) {
	m.unless(len(named) > 0, name, "no provider is named")
	for i, provider := range named {
		m.unless(slices.Contains(known, provider), name, "%q is no provider (there are %q)", provider, known)
		m.unless(!slices.Contains(named[:i], provider), name, "%q is named twice", provider)
	}
}

func (e Email) check(m *mistakes) {
	m.providers("EMAIL_PROVIDERS", e.EmailProviders, EmailProviders)
	m.unless(e.SMTPPort > 0 && e.SMTPPort < 1<<16, "SMTP_PORT", "%d is no port", e.SMTPPort)
	m.unless(slices.Contains([]string{"starttls", "tls", "none"}, e.SMTPTLS), "SMTP_TLS", "%q is no way of encrypting", e.SMTPTLS)
}

func (s SMS) check(m *mistakes) {
	m.providers("SMS_PROVIDERS", s.SMSProviders, SMSProviders)
}

// settingsOf are what a provider cannot do without, the sender of emails apart.
var settingsOf = map[string][]string{
	"mailgun": {"MAILGUN_DOMAIN", "MAILGUN_API_KEY"},
	"smtp":    {"SMTP_HOST"},
	"twilio":  {"TWILIO_ACCOUNT_SID"},
	"webhook": {"SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET"},
}

// NeedProviders checks that the providers that are named have the variables that they cannot do without.
func (c Config) NeedProviders() error {
	names := []string{"EMAIL_FROM"}
	for _, provider := range slices.Concat(c.Email.EmailProviders, c.SMS.SMSProviders) {
		names = append(names, settingsOf[provider]...)
	}
	return c.Need(names...)
}

// Need checks that a command has the variables that it cannot do without.
func (c Config) Need(names ...string) error {
	set := map[string]bool{
		"PRF_KEYSET": c.Keys.PRF != "", "PAYLOAD_KEYSET": c.Keys.Payload != "", "DATABASE_DSN": c.Database.DSN != "",
		"EMAIL_FROM": c.Email.From != "", "MAILGUN_DOMAIN": c.Email.MailgunDomain != "", "MAILGUN_API_KEY": c.Email.MailgunAPIKey != "",
		"SMTP_HOST": c.Email.SMTPHost != "", "SMS_WEBHOOK_URL": c.SMS.WebhookURL != "", "SMS_WEBHOOK_SECRET": c.SMS.WebhookSecret != "",
		"TWILIO_ACCOUNT_SID": c.SMS.TwilioAccountSID != "", "PUBLIC_URL": c.Public.PublicURL != "", "WORKER_HEALTH_ADDR": c.Worker.HealthAddr != "",
	}
	var m mistakes
	for _, name := range names {
		ok, known := set[name]
		if !known {
			panic("config: Need does not know " + name)
		}
		m.unless(ok, name, "is not set")
	}
	return errors.Join(m...)
}
