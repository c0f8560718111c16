package wiring

import (
	"cmp"

	"registrar/api"
	"registrar/internal/config"
	"registrar/internal/email"
	"registrar/internal/sms"
	"registrar/internal/store"
)

// openReports returns the readers of delivery reports for the providers whose keys are configured.
func openReports(c config.Config, users *store.Store) api.Webhooks {
	hooks := api.Webhooks{Reports: users}
	if mailgun, err := email.NewMailgunReports(c.Email.MailgunSigningKey); err == nil {
		hooks.Mailgun = mailgun
	}
	token := cmp.Or(c.SMS.TwilioReportToken, c.SMS.TwilioAuthToken)
	if twilio, err := sms.NewTwilioReports(token, c.Public.PublicURL); err == nil {
		hooks.Twilio = twilio
	}
	return hooks
}

// twilioCallback is the URL for Twilio's delivery reports, empty without a public URL.
func twilioCallback(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	return publicURL + api.TwilioWebhookPath + sms.TwilioRetries
}
