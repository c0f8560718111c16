package wiring

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

func TestTwilioCallback(t *testing.T) {
	t.Parallel()
	require.Empty(t, twilioCallback(""))
	require.Equal(t, "https://a.example.com/v1/webhooks/twilio#rc=5&rp=all", twilioCallback("https://a.example.com"))
}

func TestReportsNeedTheirKeys(t *testing.T) {
	t.Parallel()
	const url, token, key = "https://a.example.com", "0123456789abcdef", "key"
	for name, tt := range map[string]struct {
		public, token, hooks, mailgun string
		takesTwilio, takesMailgun     bool
	}{
		"nothing":                 {},
		"all":                     {url, token, "", key, true, true},
		"no public URL":           {"", token, token, key, false, true},
		"an API key sends":        {url, "", token, "", true, false},
		"no token":                {url, "", "", "", false, false},
		"Mailgun needs no public": {"", "", "", key, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c config.Config
			c.Public.PublicURL, c.SMS.TwilioAuthToken, c.SMS.TwilioReportToken, c.Email.MailgunSigningKey = tt.public, tt.token, tt.hooks, tt.mailgun
			hooks := openReports(c, nil)
			require.Equal(t, tt.takesTwilio, hooks.Twilio != nil)
			require.Equal(t, tt.takesMailgun, hooks.Mailgun != nil)
		})
	}
}
